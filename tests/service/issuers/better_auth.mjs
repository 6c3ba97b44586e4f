// A Better Auth with its jwt plugin, on loopback, with everything in memory.
// Arguments: port; algorithm, or nothing for its default. Secret: BETTER_AUTH_SECRET.

import { createServer } from "node:http";
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { toNodeHandler } from "better-auth/node";
import { jwt } from "better-auth/plugins";

const [port, alg] = process.argv.slice(2);
const database = { user: [], session: [], account: [], verification: [], jwks: [] };
const auth = betterAuth({
  baseURL: `http://127.0.0.1:${port}`,
  database: memoryAdapter(database),
  emailAndPassword: { enabled: true },
  plugins: [jwt(alg ? { jwks: { keyPairConfig: { alg } } } : {})],
  telemetry: { enabled: false },
});
const handle = toNodeHandler(auth);

// Better Auth makes a key when there is none that has not expired; an expired key stays published for a
// month.
const controls = {
  "/expire": () => database.jwks.forEach((key) => (key.expiresAt ??= new Date(Date.now() - 1))),
  "/withdraw": () => (database.jwks = database.jwks.filter((key) => !key.expiresAt)),
};

createServer((request, response) => {
  const control = controls[request.url];
  if (!control) return handle(request, response);
  control();
  response.end();
}).listen(Number(port), "127.0.0.1");
