// Probot with a handler that does nothing: node server.js PORT SECRET
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";

import { createNodeMiddleware, createProbot } from "probot";

const [port, secret] = process.argv.slice(2);
const { privateKey } = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  privateKeyEncoding: { type: "pkcs1", format: "pem" },
  publicKeyEncoding: { type: "spki", format: "pem" },
});
const probot = createProbot({ overrides: { appId: 1, privateKey, secret, logLevel: "error" } });
const handle = (app) => app.on("push", async () => {});
const middleware = await createNodeMiddleware(handle, { probot, webhooksPath: "/webhook" });

createServer((request, response) => {
  middleware(request, response, () => response.writeHead(404).end());
}).listen(Number(port), "127.0.0.1");
