/**
 * A process that changes a store without end and prints what it was told is done, to be killed at any moment: for store tests.
 * Words: the home folder, a name for what it makes.
 */
import { writeSync } from 'node:fs';
import { vmSpec } from '../../core/contract/vm-spec.ts';
import { Home } from '../../core/manager/store/home.ts';
import { defaultMeta, InstanceStore } from '../../core/manager/store/instance-store.ts';
import { SettingsStore } from '../../core/manager/store/settings-store.ts';

const [folder, tag] = process.argv.slice(2) as [string, string];
const home = Home.open(folder);
const store = new InstanceStore(home);
const settings = new SettingsStore(home);

for (let n = 0; ; n++) {
  const name = `${tag}-${n}`;
  const { id } = await store.create({
    name,
    spec: vmSpec({ name, program: ['/bin/x'] }),
    meta: defaultMeta,
    createdAt: n,
  });
  writeSync(1, `created ${name}\n`);
  await store.update(id, (record) => ({ ...record, meta: { ...record.meta, notes: name } }));
  writeSync(1, `noted ${name}\n`);
  await settings.set({ view: { [tag]: n } });
  writeSync(1, `set ${n}\n`);
  if (n % 3 === 0) {
    await store.remove(id);
    writeSync(1, `removed ${name}\n`);
  }
}
