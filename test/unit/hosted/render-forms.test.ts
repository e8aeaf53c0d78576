import { describe, expect, it } from "vitest";
import { htmlText } from "../../../src/hosted/html.ts";
import { renderForms } from "../../../src/hosted/render-forms.ts";
import { renderSections, type SectionsOptions } from "../../../src/hosted/render-sections.ts";
import type { WireNode, WireText, WireUi } from "../../../src/hosted/wire.ts";
import { csrf, input, submit, text, viewOf } from "./nodes.ts";

const ui = (nodes: readonly WireNode[], messages?: readonly WireText[]): WireUi => ({
  action: "http://127.0.0.1:4433/self-service/login?flow=1",
  method: "POST",
  nodes,
  ...(messages && { messages }),
});
const plain = (page: string): string =>
  page
    .replace(/<svg.*?<\/svg>/gs, "")
    .replace(/\n\s*/g, "")
    .replace(/ +/g, " ");
const render = (nodes: readonly WireNode[], messages?: readonly WireText[], pages?: readonly string[]): string =>
  plain(htmlText(renderForms(ui(nodes, messages), viewOf(nodes, pages))));
const sections = (
  nodes: readonly WireNode[],
  options: Partial<SectionsOptions> = {},
  messages?: readonly WireText[],
) => {
  const all = {
    username: "",
    account: undefined,
    active: undefined,
    isSaved: false,
    usedProviders: [],
    endsOthers: false,
    ...options,
  };
  const rendered = renderSections(ui(nodes, messages), viewOf(nodes, ["settings"]), all);
  return {
    titles: rendered.sections.map(({ title }) => title),
    above: plain(htmlText(rendered.above)),
    pages: rendered.sections.map(({ body }) => plain(htmlText(body))),
    page: rendered.sections.map(({ body }) => plain(htmlText(body))).join(""),
  };
};
const one = (node: WireNode): string => render([csrf, node]);
const formsOf = (page: string): string[] => page.match(/<form.*?<\/form>/g) ?? [];
const names = (form = ""): string[] => [...form.matchAll(/ name="([^"]+)"/g)].map(([, name]) => name ?? "");

const identifier = input("default", { name: "identifier", required: true, autocomplete: "username" }, "E-Mail");
const password = input(
  "password",
  { name: "password", type: "password", required: true, maxlength: 72, autocomplete: "current-password" },
  "Password",
);
const byPassword = submit("password", "method", "password", "Sign in");
const provider = submit("oidc", "provider", "acme", "Sign in with Acme");

describe("a field", () => {
  it("has its label, its hint for password managers, and says that it is required", () => {
    expect(one(identifier)).toContain(
      '<label for="node-1">E-Mail</label><input type="text" id="node-1" name="identifier" required ' +
        'autocomplete="username" autocapitalize="none" autocorrect="off" spellcheck="false">',
    );
  });

  it("is called by its name when the schema gives it no title, and says that it may stay empty", () => {
    expect(one(input("default", { name: "traits.name.first_given" }))).toContain(
      `<label for="node-1">Name first given <span class="optional">optional</span></label>`,
    );
  });

  it("points to its messages, and is invalid only when one is an error", () => {
    const page = one(
      input("default", { name: "age", value: "x" }, "Age", [text("no <number>", "error"), text("years")]),
    );
    expect(page).toContain(`value="x"`);
    expect(page).toContain(`aria-invalid="true" aria-describedby="node-1-messages"`);
    expect(page).toContain(
      '<div class="messages" id="node-1-messages"><p class="message error"><span>no &lt;number&gt;</span></p><p ' +
        'class="message info"><span>years</span></p></div>',
    );
    expect(one(input("default", { name: "age" }, "Age", [text("years")]))).not.toContain("aria-invalid");
  });

  it.each([
    ["email", `type="email"`],
    ["tel", `type="tel"`],
    ["url", `type="url"`],
    ["date", `type="date"`],
    ["number", `type="text" inputmode="decimal"`],
    ["datetime-local", `type="text"`],
    ["something new", `type="text"`],
  ])("of type %s takes whatever is typed, to be judged by the API", (type, rendered) => {
    expect(one(input("default", { name: "x", type }, "X"))).toContain(`<input ${rendered} id="node-1" name="x"`);
  });

  it("for a password shows no value and cuts nothing off", () => {
    const page = one(password);
    expect(page).toContain(
      `<input type="password" id="node-1" name="password" required autocomplete="current-password">`,
    );
    expect(page).not.toContain("maxlength");
  });

  it("shows numbers, booleans and what is no text at all as they were sent", () => {
    expect(one(input("default", { name: "x", type: "number", value: 0 }))).toContain(`value="0"`);
    expect(one(input("default", { name: "x", value: { a: "<" } }))).toContain(
      `value="{&quot;a&quot;:&quot;&lt;&quot;}"`,
    );
  });

  it("to tick sends false when it is not ticked", () => {
    const box = (value: unknown) => one(input("default", { name: "news", type: "checkbox", value }, "News"));
    expect(box(true)).toContain(
      '<input type="hidden" name="news" value="false"><input type="checkbox" id="node-1" name="news" ' +
        'value="true" checked><label for="node-1">News</label>',
    );
    expect(box(false)).not.toContain("checked");
    expect(box(undefined)).not.toContain("checked");
  });

  it("to tick says nothing when there was no answer and none is needed", () => {
    expect(one(input("default", { name: "news", type: "checkbox" }, "News"))).not.toContain(`value="false"`);
    expect(one(input("default", { name: "news", type: "checkbox", required: true }, "News"))).toContain(
      `value="false"`,
    );
    expect(one(input("default", { name: "news", type: "checkbox", value: false }, "News"))).toContain(`value="false"`);
  });

  describe("with a closed choice", () => {
    const plan = (value: unknown, required = false) =>
      one(input("default", { name: "plan", value, required, options: [{ value: "free" }, { value: 2 }] }, "Plan"));

    it("shows the choice made, and can be emptied when it may be empty", () => {
      expect(plan(2)).toContain(
        `<option value="">–</option><option value="free">free</option><option value="2" selected>2</option></select>`,
      );
      expect(plan("free", true)).toContain(`<select id="node-1" name="plan" required><option value="free" selected>`);
    });

    it("begins empty when nothing is chosen", () => {
      expect(plan(undefined, true)).toContain(`<option value="" selected>–</option><option value="free">`);
    });

    it("still shows what was refused", () => {
      expect(plan("gold")).toContain(`<option value="gold" selected>gold</option>`);
    });
  });
});

describe("other nodes", () => {
  it("show secrets to copy, one by one where there are several", () => {
    const codes = [text("abc"), text("used on Monday")];
    const several: WireNode = {
      group: "lookup_secret",
      attributes: { node_type: "text", id: "codes", text: text("abc, used", "info", { secrets: codes }) },
    };
    expect(one(several)).toContain(
      '<ul class="copy" id="codes" data-copy="Copy" ' +
        'data-copied="Copied"><li><code>abc</code></li><li><code>used on Monday</code></li></ul>',
    );
    const single: WireNode = {
      group: "totp",
      attributes: { node_type: "text", id: "key", text: text("K3Y") },
      meta: { label: text("Your key") },
    };
    expect(one(single)).toContain(
      '<p class="label">Your key</p><p class="copy" id="key" data-copy="Copy" ' +
        'data-copied="Copied"><code>K3Y</code></p>',
    );
  });

  it("show images with what they are about", () => {
    const attributes = {
      node_type: "img" as const,
      id: "totp_qr",
      src: "data:image/png;base64,AA==",
      width: 256,
      height: 256,
    };
    expect(one({ group: "totp", attributes, meta: { label: text("Scan me") } })).toContain(
      '<img id="totp_qr" src="data:image/png;base64,AA==" width="256" height="256" alt="Scan ' +
        'me"><figcaption>Scan me</figcaption>',
    );
    expect(one({ group: "totp", attributes: { ...attributes, src: "javascript:x" } })).not.toContain("javascript");
  });

  it("link, and give scripts a place", () => {
    const link: WireNode = {
      group: "code",
      attributes: { node_type: "a", id: "go", href: "https://example.com/?a=1&b=2", title: text("Go on") },
    };
    expect(one(link)).toContain(`<a id="go" href="https://example.com/?a=1&amp;b=2">Go on</a>`);
    const place: WireNode = {
      group: "captcha",
      attributes: { node_type: "div", id: "captcha", class: "box", data: { sitekey: "k" } },
    };
    expect(one(place)).toContain(`<div id="captcha" class="box" data-sitekey="k"></div>`);
  });

  it("print nothing when their kind is unknown", () => {
    expect(one({ group: "new", attributes: { node_type: "hologram" } as never })).not.toContain("hologram");
  });

  it("press a script's button only by the script, and say so where scripts are off", () => {
    const page = one(
      input(
        "passkey",
        { name: "go", type: "button", value: "{}", onclick: "window.go()", onclickTrigger: "go" },
        "Use a passkey",
      ),
    );
    expect(page).toContain(
      '<button type="button" class="secondary" id="node-1" name="go" value="{}" data-onclick-trigger="go" ' +
        'data-failed="Nothing was confirmed. Please try again, or use another way.">',
    );
    expect(page).toContain("<noscript>");
  });
});

describe("what a form has to say", () => {
  it("comes first: errors at once, with a way to each field, the rest when there is time", () => {
    const nodes = [csrf, input("default", { name: "email" }, "E-Mail", [text("is wrong", "error")]), byPassword];
    const page = render(nodes, [text("Too bad", "error"), text("By the way")]);
    const errors =
      '<div class="notice error" role="alert" tabindex="-1" autofocus><div><h2>There is a problem</h2>' +
      '<p>Too bad</p><ul><li><a href="#node-1">E-Mail: is wrong</a></li></ul></div></div>';
    expect(page.slice(0, errors.length)).toBe(errors);
    expect(page).toContain(`<div class="notice info" role="status"><div><p>By the way</p></div></div>`);
  });

  it("includes errors of fields that nobody sees", () => {
    const page = render([
      csrf,
      input("default", { name: "identifier", type: "hidden" }, undefined, [text("is gone", "error")]),
    ]);
    expect(page).toContain("<li>Identifier: is gone</li>");
  });

  it("takes up no place when there is nothing", () => {
    expect(render([csrf, { ...byPassword, messages: null }])).toMatch(/^<form /);
  });
});

describe("a card", () => {
  it("is one form when what is entered goes with every method, and Enter presses the button after the entries", () => {
    const forms = formsOf(render([provider, csrf, identifier, password, byPassword]));
    expect(forms.map(names)).toEqual([["csrf_token", "identifier", "password", "method", "provider"]]);
    expect(forms[0]).toMatch(
      /^<form action="http:\/\/127\.0\.0\.1:4433\/self-service\/login\?flow=1" method="post" novalidate>/,
    );
    expect(forms[0]).toContain(`<p class="or">or</p>`);
  });

  it("has the button of what was entered before those of providers, also without entries of its method", () => {
    const continueRegistration = submit("profile", "method", "profile", "Sign up");
    expect(formsOf(render([provider, csrf, identifier, continueRegistration])).map(names)).toEqual([
      ["csrf_token", "identifier", "method", "provider"],
    ]);
  });

  it("has the button of the method before other buttons of its group", () => {
    const code = [
      input("code", { name: "code" }, "Code"),
      submit("code", "resend", "code", "Send again"),
      submit("code", "method", "code", "Use it"),
    ];
    expect(formsOf(render([csrf, ...code])).map(names)).toEqual([["csrf_token", "code", "method", "resend"]]);
  });

  it("is a form for each method when there are no common entries", () => {
    const hidden = input("default", { name: "identifier", type: "hidden", value: "ann@example.com" });
    const forms = formsOf(render([provider, csrf, hidden, password, byPassword]));
    expect(forms.map(names)).toEqual([
      ["username", "csrf_token", "identifier", "password", "method"],
      ["csrf_token", "identifier", "provider"],
    ]);
    expect(forms[0]).toContain(
      '<input type="text" id="username" name="username" autocomplete="username" value="ann@example.com" ' +
        "readonly hidden>",
    );
  });

  it("heads its forms when there is something to enter in several", () => {
    const totp = [input("totp", { name: "totp_code" }, "Code"), submit("totp", "method", "totp", "Use it")];
    const code = [
      input("lookup_secret", { name: "lookup_secret" }, "Backup code"),
      submit("lookup_secret", "method", "lookup_secret", "Use it"),
    ];
    const page = render([csrf, ...totp, ...code]);
    expect(page).toContain(`<h2 id="section-totp">Authenticator app</h2>`);
    expect(formsOf(page)[1]).toContain(`aria-labelledby="section-lookup_secret"`);
    expect(render([csrf, ...totp])).not.toContain("<h2");
  });

  it("leads back without calling that another way", () => {
    const back = submit("profile", "screen", "previous", "Back");
    expect(render([csrf, password, byPassword, back])).not.toContain(">or<");
  });
});

describe("sections", () => {
  const profile = [
    input("profile", { name: "traits.email", type: "email" }, "E-Mail"),
    submit("profile", "method", "profile", "Save"),
  ];
  const newPassword = [
    input("password", { name: "password", type: "password", autocomplete: "new-password" }, "Password"),
    submit("password", "method", "password", "Save"),
  ];
  const saved: WireText = { id: 1050001, text: "Saved", type: "info" };

  it("are a form for each method, in the order of the API, each with the hidden fields that all need", () => {
    const link = [submit("oidc", "link", "acme", "Link Acme"), submit("oidc", "unlink", "globex", "Unlink Globex")];
    const unknown = [
      input("retina_scan", { name: "eye" }, "Eye"),
      submit("retina_scan", "method", "retina_scan", "Save"),
    ];
    const { titles, page } = sections([csrf, ...link, ...profile, ...newPassword, ...unknown]);
    expect(formsOf(page).map(names)).toEqual([
      ["csrf_token", "unlink", "link"],
      ["csrf_token", "traits.email", "method"],
      ["username", "csrf_token", "password", "method"],
      ["csrf_token", "eye", "method"],
    ]);
    expect(titles).toEqual(["Sign-in providers", "Profile", "Password", "Retina scan"]);
  });

  it("leave out a method with nothing to see, and scripts, which the page loads", () => {
    const script: WireNode = { group: "webauthn", attributes: { node_type: "script", id: "s", src: "/s.js" } };
    const unseen = input("passkey", { name: "passkey_create_data", type: "hidden", value: "{}" });
    const { page } = sections([csrf, ...profile, script, unseen]);
    expect(formsOf(page)).toHaveLength(1);
    expect(page).not.toContain("s.js");
  });

  it("show what belongs to no method with the profile", () => {
    const stray = input("default", { name: "traits.unknown" }, undefined, [text("is not known", "error")]);
    const { pages } = sections([csrf, stray, ...newPassword, ...profile]);
    expect(pages.map((page) => names(formsOf(page)[0]))).toEqual([
      ["username", "csrf_token", "password", "method"],
      ["csrf_token", "traits.unknown", "traits.email", "method"],
    ]);
    expect(pages[1]).toContain(`role="alert"`);
    expect(pages[0]).not.toContain(`role="alert"`);
  });

  it("tell password managers whose password it is, by a field with a name and an id", () => {
    const { pages } = sections([csrf, ...profile, ...newPassword], { username: "ann@example.com" });
    expect(pages[0]).not.toContain("hidden>");
    expect(pages[1]).toContain(
      '<input type="text" id="username" name="username" autocomplete="username" value="ann@example.com" ' +
        "readonly hidden>",
    );
  });

  it("lead back to themselves, where each says what was saved in it", () => {
    const { above, pages } = sections([csrf, ...profile, ...newPassword], { isSaved: true }, [saved]);
    expect(pages[1]).toContain(`action="http://127.0.0.1:4433/self-service/login?flow=1#after-password"`);
    expect(pages[1]).toMatch(/<div class="saved" id="after-password">.*Your password has been changed\./);
    expect(pages[0]).toMatch(/<div class="saved" id="after-profile">.*Your profile has been saved\./);
    expect(above).toMatch(/<div class="saved above">.*Your changes have been saved\./);
  });

  it("say it themselves when the API names the method", () => {
    const oidc = [submit("oidc", "link", "acme", "Link Acme")];
    const { above, pages } = sections([csrf, ...profile, ...oidc], { isSaved: true, active: "oidc" }, [saved]);
    expect(pages[1]).toContain(`<div class="saved here" id="after-oidc">`);
    expect(above).toBe("");
    const refused: WireText = {
      id: 4000001,
      text: "x",
      type: "error",
      context: { reason: "This provider cannot be unlinked: it is the last way to sign in." },
    };
    const after = sections([csrf, ...profile, ...oidc], { active: "oidc" }, [refused]);
    expect([after.above, after.pages[0]]).toEqual(["", expect.not.stringContaining("alert")]);
    expect(after.pages[1]).toContain("This is your only way to sign in.");
  });

  it("say of a new password what it does elsewhere", () => {
    const others = "signs you out on all your other devices";
    expect(sections([csrf, ...newPassword], { endsOthers: true }).page).toContain(others);
    expect(sections([csrf, ...newPassword]).page).not.toContain(others);
  });

  it("list providers by name, those that are connected first, with what one can do", () => {
    const label = (name: string) => ({ id: 1, text: name, type: "info" as const, context: { provider: name } });
    const nodes = [
      { ...submit("oidc", "link", "acme", ""), meta: { label: label("Acme") } },
      { ...submit("oidc", "unlink", "google", ""), meta: { label: label("Google") } },
    ];
    const { page } = sections([csrf, ...nodes]);
    expect([...page.matchAll(/<strong>([^<]+)/g)].map(([, name]) => name)).toEqual(["Google", "Acme"]);
    expect(page).toContain(`name="unlink" value="google" aria-label="Google">Disconnect</button>`);
    expect(page).toContain(`name="link" value="acme" aria-label="Acme">Connect</button>`);
  });

  it("show a provider that is the only way in, which has no button", () => {
    const nodes = [csrf, submit("oidc", "link", "acme", "Acme")];
    const { page } = sections(nodes, { usedProviders: ["github", "acme", "github"] });
    expect([...page.matchAll(/<strong>([^<]+)/g)].map(([, name]) => name)).toEqual(["GitHub", "acme"]);
    expect(page).toContain("Your only way to sign in.");
  });

  it("say since when a provider is connected, and as whom", () => {
    const context = { provider: "Acme", linked_at: "2030-01-31T09:30:00Z", account: "<ann@example.com>" };
    const label = { id: 1050003, text: "Unlink Acme", type: "info" as const, context };
    const { page } = sections([csrf, { ...submit("oidc", "unlink", "acme", ""), meta: { label } }]);
    expect(page).toContain("<bdi>&lt;ann@example.com&gt;</bdi>");
    expect(page).toMatch(/Connected <time datetime="2030-01-31T09:30:00Z" data-local>Jan 31, 2030/);
    expect(page).toContain(`aria-label="Disconnect Acme">Disconnect</button>`);
  });
});

describe("a password that is chosen", () => {
  it("stands with the rules in force, which it refers to", () => {
    const chosen = input(
      "password",
      { name: "password", type: "password", required: true, autocomplete: "new-password" },
      "Password",
    );
    const page = render([csrf, chosen], undefined, ["registration"]);
    expect(page).toContain(`aria-describedby="node-1-rules"`);
    expect(page).toContain(
      '<ul class="rules" id="node-1-rules"><li data-min-length="8">At least 8 characters</li><li ' +
        "data-unlike-identifier>",
    );
    expect(render([csrf, password])).not.toContain("rules");
  });
});

describe("ways to confirm an account that nobody knows to be there", () => {
  it("are folded away behind the one that is sure", () => {
    const page = render([provider, csrf, identifier, password, byPassword], undefined, ["link", "login"]);
    expect(page).toMatch(/<details class="more"><summary>Confirm in another way<\/summary>.*name="provider"/);
    expect(page).not.toContain(">or<");
  });
});
