import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { html, htmlText } from "../../../src/hosted/html.ts";
import { createLook } from "../../../src/hosted/look.ts";
import { layOut, type Shell } from "../../../src/hosted/page.ts";
import { createSecurityHeaders } from "../../../src/hosted/security-headers.ts";
import { textsOf } from "../../../src/hosted/texts.ts";
import type { WireNode } from "../../../src/hosted/wire.ts";
import { csrf, input } from "./nodes.ts";

const script: WireNode = {
  group: "webauthn",
  attributes: {
    node_type: "script",
    id: "webauthn_script",
    src: "http://127.0.0.1:4433/.well-known/ory/webauthn.js?v=1",
    async: true,
    type: "text/javascript",
    integrity: "sha512-x",
    crossorigin: "anonymous",
    referrerpolicy: "no-referrer",
    nonce: "",
  },
};
const trigger = input("passkey", { name: "go", type: "button", onclick: "window.go()" }, "Go");
const own = "script-src http://127.0.0.1:4433/hosted/pages.js";
const look = createLook({
  name: "Acme",
  theme: "auto",
  links: { help: undefined, privacy: undefined, terms: undefined },
  logo: undefined,
  icon: undefined,
  css: undefined,
});
const shell: Shell = { texts: textsOf("en"), look, here: "login", root: "" };
const policy = (nodes: readonly WireNode[]) =>
  createSecurityHeaders("http://127.0.0.1:4433/")(nodes)["content-security-policy"] ?? "";

describe("the content policy", () => {
  it("allows no script but the pages' own when the form names none, handlers or not, and nothing inline", () => {
    expect(policy([csrf, trigger])).toBe(
      `default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; ${own}`,
    );
  });

  it("allows exactly the scripts and the handlers that the form names", () => {
    const digest = createHash("sha256").update("window.go()").digest("base64");
    expect(policy([csrf, script, script, trigger])).toContain(
      `; ${own} http://127.0.0.1:4433/.well-known/ory/webauthn.js 'unsafe-hashes' 'sha256-${digest}'`,
    );
    expect(policy([script])).not.toContain("unsafe");
  });

  it("needs no handler where a button names the function", () => {
    const named = input("passkey", { name: "go", type: "button", onclick: "window.go()", onclickTrigger: "go" }, "Go");
    expect(policy([script, named])).not.toContain("unsafe");
  });

  it("cannot be extended by an address", () => {
    const evil: WireNode = { group: "x", attributes: { node_type: "script", id: "x", src: "/x.js;script-src *,y" } };
    expect(policy([evil])).toContain(`${own} http://127.0.0.1:4433/x.js%3Bscript-src%20*%2Cy`);
  });

  it("leaves out scripts from nowhere", () => {
    const evil: WireNode = {
      group: "x",
      attributes: { node_type: "script", id: "x", src: "data:text/javascript,alert(1)" },
    };
    expect(policy([evil])).toMatch(new RegExp(`${own}$`));
    expect(htmlText(layOut({ title: "Sign in", body: html``, nodes: [evil] }, shell))).not.toContain("alert(1)");
  });
});

describe("a page", () => {
  it("loads each script once, as the node says", () => {
    const page = htmlText(layOut({ title: "Sign in", body: html``, nodes: [csrf, script] }, shell));
    expect(page.match(/<script.*<\/script>/g)).toEqual([
      `<script type="module" src="${look.script.path}"></script>`,
      '<script id="webauthn_script" src="http://127.0.0.1:4433/.well-known/ory/webauthn.js?v=1" async ' +
        'type="text/javascript" integrity="sha512-x" crossorigin="anonymous" ' +
        'referrerpolicy="no-referrer"></script>',
    ]);
  });
});
