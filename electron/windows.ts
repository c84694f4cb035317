/** The windows: one main window, and a console window for each instance that has one. Their places are kept. */
import { BrowserWindow, type BrowserWindowConstructorOptions, type Rectangle, screen } from 'electron';
import { iconFile, ORIGIN } from './paths.ts';
import { webPreferences } from './security.ts';

/** Keeps places of windows between runs. */
export interface WindowMemory {
  get(key: string): Rectangle | undefined;
  set(key: string, place: Rectangle): void;
}

const MAIN = 'main';

export class Windows {
  private readonly memory: WindowMemory;
  private readonly open = new Map<string, BrowserWindow>();
  /** Asked when the main window is to be closed; false keeps the app in the tray. */
  endsOnClose: () => boolean = () => true;

  constructor(memory: WindowMemory) {
    this.memory = memory;
  }

  get main(): BrowserWindow | undefined {
    return this.open.get(MAIN);
  }

  showMain(): BrowserWindow {
    return this.show(MAIN, '', { width: 1180, height: 760, minWidth: 480, minHeight: 400, title: 'Elfdeck' });
  }
  /** `vm` is an instance's id; the window's title becomes its name. */
  showConsole(vm: string): BrowserWindow {
    return this.show(`console:${vm}`, `console/${encodeURIComponent(vm)}`, {
      width: 860,
      height: 560,
      minWidth: 320,
      minHeight: 200,
      title: vm,
    });
  }
  closeConsole(vm: string): void {
    this.open.get(`console:${vm}`)?.close();
  }
  of(contentsId: number): BrowserWindow | undefined {
    return [...this.open.values()].find((window) => window.webContents.id === contentsId);
  }

  /** The window that is there already, else a new one, in front. */
  private show(key: string, place: string, options: BrowserWindowConstructorOptions): BrowserWindow {
    const known = this.open.get(key);
    if (known !== undefined) {
      if (known.isMinimized()) known.restore();
      known.show();
      known.focus();
      return known;
    }
    const window = new BrowserWindow({
      ...options,
      ...onScreen(this.memory.get(key)),
      show: false,
      icon: iconFile(),
      autoHideMenuBar: key !== MAIN,
      webPreferences: webPreferences(),
    });
    this.open.set(key, window);
    window.once('ready-to-show', () => window.show());
    window.on('close', () => this.memory.set(key, window.getBounds()));
    window.on('closed', () => this.open.delete(key));
    void window.loadURL(`${ORIGIN}/${place}`);
    return window;
  }
}

/** A place on a screen that is still there. */
function onScreen(place: Rectangle | undefined): Partial<Rectangle> {
  if (place === undefined) return {};
  const { workArea } = screen.getDisplayMatching(place);
  const isVisible =
    place.x < workArea.x + workArea.width &&
    place.x + place.width > workArea.x &&
    place.y >= workArea.y &&
    place.y < workArea.y + workArea.height;
  return isVisible ? place : { width: place.width, height: place.height };
}
