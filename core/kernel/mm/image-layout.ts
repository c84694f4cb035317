/** Landmarks of the program, for /proc/PID/stat and prctl(PR_SET_MM). */
export interface ImageLayout {
  startCode: number;
  endCode: number;
  startData: number;
  endData: number;
  startStack: number;
  argStart: number;
  argEnd: number;
  envStart: number;
  envEnd: number;
}

export const noImage: ImageLayout = {
  startCode: 0,
  endCode: 0,
  startData: 0,
  endData: 0,
  startStack: 0,
  argStart: 0,
  argEnd: 0,
  envStart: 0,
  envEnd: 0,
};
