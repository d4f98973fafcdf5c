// npm's jose, asked by the test beside it: a JSON array of questions on stdin, one of answers on stdout.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { webcrypto } from "node:crypto";
import { pathToFileURL } from "node:url";

// Node 18, which Debian 12 has, does not offer it by itself.
globalThis.crypto ??= webcrypto;

// Installed elsewhere: the argument is the folder that has node_modules.
const { resolve } = createRequire(pathToFileURL(`${process.argv[2]}/`));
const jose = await import(pathToFileURL(resolve("jose")).href);

async function load(key, alg, purpose) {
  if (key.secret) return jose.base64url.decode(key.secret);
  if (key.jwk) return jose.importJWK(key.jwk, alg);
  return purpose === "sign" ? jose.importPKCS8(key.pem, alg) : jose.importSPKI(key.pem, alg);
}

const verbs = {
  async generate({ alg }) {
    const { privateKey, publicKey } = await jose.generateKeyPair(alg, { extractable: true });
    return {
      private: await jose.exportPKCS8(privateKey),
      public: await jose.exportSPKI(publicKey),
      jwk: await jose.exportJWK(publicKey),
    };
  },

  async sign({ alg, key, header, claims }) {
    if (alg === "none") return { token: new jose.UnsecuredJWT(claims).encode() };
    const understood = Object.fromEntries((header.crit ?? []).map((name) => [name, true]));
    const payload = new TextEncoder().encode(JSON.stringify(claims));
    const token = new jose.CompactSign(payload).setProtectedHeader({ ...header, alg });
    return { token: await token.sign(await load(key, alg, "sign"), { crit: understood }) };
  },

  async verify({ alg, key, token, issuer, audience }) {
    const rules = { algorithms: [alg], issuer, audience, requiredClaims: ["exp"] };
    const read = await jose.jwtVerify(token, await load(key, alg, "verify"), rules);
    return { header: read.protectedHeader, claims: read.payload };
  },
};

const answers = [];
for (const question of JSON.parse(readFileSync(0, "utf8"))) {
  try {
    answers.push(await verbs[question.do](question));
  } catch (error) {
    if (!(error instanceof jose.errors.JOSEError || error instanceof TypeError)) throw error;
    answers.push({ error: `${error.name}: ${error.message}` });
  }
}
process.stdout.write(JSON.stringify(answers));
