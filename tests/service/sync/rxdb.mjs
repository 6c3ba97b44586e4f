// A client that keeps its tasks in RxDB, by RxDB's own replication: it pulls GET /changes, pushes
// POST /tasks/batch, and is woken by GET /events. Reads commands and prints answers, a line of JSON each.

import {createInterface} from 'node:readline';
import {EventSource} from 'eventsource';
import {createRxDatabase} from 'rxdb';
import {replicateRxCollection} from 'rxdb/plugins/replication';
import {getRxStorageMemory} from 'rxdb/plugins/storage-memory';
import {Subject} from 'rxjs';

const [address, token] = process.argv.slice(2);
const headers = {Authorization: `Bearer ${token}`, 'Content-Type': 'application/json'};
const texts = ['user_id', 'title', 'description', 'priority', 'due_date', 'reminder_at', 'recurrence_rule',
  'timezone', 'created_at', 'updated_at'];
const writable = ['title', 'description', 'priority', 'tags', 'due_date', 'reminder_at', 'completed',
  'is_recurring', 'recurrence_rule', 'timezone'];

const database = await createRxDatabase({name: 'duly', storage: getRxStorageMemory()});
const {tasks} = await database.addCollections({tasks: {schema: {
  version: 0, primaryKey: 'id', type: 'object', required: ['id'],
  properties: {
    id: {type: 'string', maxLength: 36}, tags: {type: 'array'}, completed: {type: 'boolean'},
    is_recurring: {type: 'boolean'}, ...Object.fromEntries(texts.map(name => [name, {type: 'string'}])),
  },
}}});

async function pull(checkpoint, limit) {
  const documents = [];
  let since = checkpoint?.since, more = true;
  // A page may be shorter than the limit and not the last; RxDB takes a short one for the last.
  while (more && documents.length < limit) {
    const query = since ? `&since=${since}` : '';
    const response = await fetch(`${address}/changes?limit=${limit}${query}`, {headers});
    if (response.status !== 200) throw new Error(await response.text());
    const page = await response.json();
    documents.push(...page.changed.map(task => ({...task, _deleted: false})));
    documents.push(...page.deleted.map(id => ({id, _deleted: true})));
    ({next: since, has_more: more} = page);
  }
  return {documents, checkpoint: {since}};
}

async function present(id) {
  const response = await fetch(`${address}/tasks/${id}`, {headers});
  if (response.status === 404) return {id, _deleted: true};
  return {...await response.json(), _deleted: false, etag: response.headers.get('etag')};
}

// The states of the server that the pushed rows were not made from.
async function push(rows) {
  const conflicts = [], operations = [];
  for (const {newDocumentState: now, assumedMasterState: before} of rows) {
    const body = Object.fromEntries(writable.filter(name => name in now).map(name => [name, now[name]]));
    if (!before) {
      operations.push({op: 'create', id: now.id, body});
      continue;
    }
    const {etag, ...master} = await present(now.id);
    if (master._deleted && now._deleted) continue;
    if (master._deleted || master.updated_at !== before.updated_at) conflicts.push(master);
    else if (now._deleted) operations.push({op: 'delete', id: now.id, if_match: etag});
    else operations.push({op: 'update', id: now.id, if_match: etag, body});
  }
  if (operations.length) {
    const response = await fetch(`${address}/tasks/batch`, {
      method: 'POST', headers: {...headers, Prefer: 'handling=lenient, return=minimal'},
      body: JSON.stringify({operations}),
    });
    if (response.status !== 200) throw new Error(await response.text());
    const {results} = await response.json();
    for (const [index, {status}] of results.entries()) {
      const {op, id} = operations[index];
      if (status === 412 || (status === 404 && op !== 'delete')) {
        const {etag, ...master} = await present(id);
        conflicts.push(master);
      } else if (status >= 400 && status !== 404) throw new Error(JSON.stringify(results[index]));
    }
  }
  return conflicts;
}

const wakes = new Subject();
const replication = replicateRxCollection({
  collection: tasks, replicationIdentifier: address, live: true, retryTime: 300,
  pull: {handler: pull, batchSize: 7, stream$: wakes.asObservable()}, push: {handler: push, batchSize: 50},
});
replication.error$.subscribe(error => console.error(error));
const events = new EventSource(`${address}/events`, {
  fetch: (url, init) =>
    fetch(url, {...init, headers: {...init.headers, Authorization: headers.Authorization}}),
});
events.addEventListener('changed', () => wakes.next('RESYNC'));

const commands = {
  insert: ({task}) => tasks.insert(task),
  patch: async ({id, fields}) => (await tasks.findOne(id).exec())?.incrementalPatch(fields),
  remove: async ({id}) => (await tasks.findOne(id).exec())?.incrementalRemove(),
  sync: () => replication.awaitInSync(),
  dump: () => {},
};
for await (const line of createInterface({input: process.stdin})) {
  const {command, ...rest} = JSON.parse(line);
  await commands[command](rest);
  const found = await tasks.find().exec();
  console.log(JSON.stringify(found.map(task => task.toJSON())));
}
