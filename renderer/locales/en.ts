/** English, one file for each part of the window. */
import type { Messages } from './messages.ts';

const files = import.meta.glob<Messages>('./en/*.json', { eager: true, import: 'default' });
const messages: Messages = {};
for (const [path, part] of Object.entries(files)) messages[/(\w+)\.json$/.exec(path)![1]!] = part;
export default messages;
