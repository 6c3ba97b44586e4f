// Shows the OpenAPI document with Scalar. Everything comes from this service.
"use strict";

// Where a proxy shows the service; empty where none does.
const root = document.body.dataset.root;

const settings = {
  withDefaultFonts: false,
  telemetry: false,
  proxyUrl: "",
  agent: { disabled: true },
  mcp: { disabled: true },
  hideClientButton: true,
  showDeveloperTools: "never",
  persistAuth: false,
  documentDownloadType: "none",
  defaultHttpClient: { targetKey: "shell", clientKey: "curl" },
};

// The errors that all operations with a token share are told once, in the section "Errors".
function foldSharedErrors(description) {
  const operations = Object.values(description.paths).flatMap((methods) => Object.values(methods));
  const references = (operation) =>
    Object.values(operation.responses).map((response) => response.$ref).filter(Boolean);
  const withToken = operations.filter((operation) => operation.security.length > 0).map(references);
  const shared = withToken.reduce((common, own) => common.filter((reference) => own.includes(reference)));
  for (const operation of operations) {
    for (const [status, response] of Object.entries(operation.responses)) {
      if (shared.includes(response.$ref)) delete operation.responses[status];
    }
  }
  return description;
}

async function show() {
  const place = document.getElementById("reference");
  const answer = await fetch(`${root}/openapi.json`);
  if (!answer.ok) {
    place.textContent = `The description can't be read now (${answer.status}). Reload the page to try again.`;
    return;
  }
  const content = foldSharedErrors(await answer.json());
  delete content.info.contact;
  content.servers = [{ url: location.origin + root }];
  place.textContent = "";
  const configuration = { ...settings, content, authentication: authenticate("") };
  const reference = Scalar.createApiReference(place, configuration);
  offerToken((token) => {
    reference.updateConfiguration({ ...configuration, authentication: authenticate(token) });
  });
}

function authenticate(token) {
  return { preferredSecurityScheme: "token", securitySchemes: { token: { token } } };
}

function offerToken(use) {
  const field = document.getElementById("token");
  const state = document.getElementById("state");
  const authorize = (token, message) => {
    use(token);
    state.textContent = message;
  };
  field.form.onsubmit = (event) => {
    event.preventDefault();
    const token = field.value.trim().replace(/^Bearer /, "");
    authorize(token, token ? "Requests of this page have your token." : "Operations on tasks need a token.");
  };
  // In development a token is one click away.
  const button = document.getElementById("alice");
  if (!button) return;
  state.textContent = "“Be alice” gets a token for the user alice, for an hour. Development only.";
  button.onclick = async () => {
    const answer = await fetch(`${root}/docs/token?user=alice`, { method: "POST" });
    authorize((await answer.json()).token, "You are alice. Open an operation and choose Test Request.");
  };
}

show();
