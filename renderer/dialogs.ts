/** Questions to the user, one at a time, answered by the window's DialogHost: `if (await confirm({...})) ...`. */
import { shallowRef } from 'vue';

export interface Question {
  title: string;
  text?: string;
  /** Label of the button that says yes. */
  yes: string;
  isDanger?: boolean;
  /** Asks for a text instead of a yes; the check says in words what is wrong with it. */
  input?: { label: string; value: string; check?: (value: string) => string | undefined };
}

export const question = shallowRef<(Question & { answer(value: string | undefined): void }) | undefined>();

function ask(asked: Question): Promise<string | undefined> {
  question.value?.answer(undefined);
  return new Promise((resolve) => {
    question.value = {
      ...asked,
      answer(value) {
        question.value = undefined;
        resolve(value);
      },
    };
  });
}

export const confirm = async (asked: Question): Promise<boolean> => (await ask(asked)) !== undefined;
/** The text, or undefined when the user thought better of it. */
export const prompt = (asked: Question & Required<Pick<Question, 'input'>>): Promise<string | undefined> => ask(asked);
