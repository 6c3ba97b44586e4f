// Prints each event of a stream, for ever.

import {EventSource} from 'eventsource';

const [url, token] = process.argv.slice(2);
const source = new EventSource(url, {
  fetch: (input, init) =>
    fetch(input, {...init, headers: {...init.headers, Authorization: `Bearer ${token}`}}),
});
source.addEventListener('changed', ({lastEventId, data}) => {
  console.log(JSON.stringify({id: lastEventId, data}));
});
