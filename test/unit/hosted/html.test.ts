import { describe, expect, it } from "vitest";
import { attributes, html, htmlText } from "../../../src/hosted/html.ts";
import { safeUrl } from "../../../src/hosted/safe-url.ts";

describe("a template", () => {
  it("escapes what is put into it, in text and in attributes", () => {
    const evil = `<b title="x">'&</b>`;
    expect(htmlText(html`<p title="${evil}">${evil}</p>`)).toBe(
      '<p title="&lt;b title=&quot;x&quot;&gt;&#39;&amp;&lt;/b&gt;">&lt;b ' +
        "title=&quot;x&quot;&gt;&#39;&amp;&lt;/b&gt;</p>",
    );
  });

  it("takes HTML, lists of it, and numbers as they are, and nothing for nothing", () => {
    const items = ["a", "<"].map((text) => html`<li>${text}</li>`);
    expect(htmlText(html`<ul>${items}</ul>${7}${undefined}${null}${false}`)).toBe("<ul><li>a</li><li>&lt;</li></ul>7");
  });

  it("is not fooled by data that looks like HTML of its own", () => {
    const parsed = JSON.parse(`[{"markup":"<script>","Symbol(markup)":"<script>"}]`) as never;
    expect(() => htmlText(html`${parsed}`)).toThrow(TypeError);
  });
});

describe("attributes", () => {
  it("are left out when they are false, and are bare when they are true", () => {
    expect(htmlText(attributes({ a: true, b: false, c: undefined, d: "", e: 1, f: `"` }))).toBe(
      ` a d="" e="1" f="&quot;"`,
    );
  });

  it("have names that HTML can read", () => {
    expect(htmlText(attributes({ "data-x": "1", "x onload=alert(1)": "2", "": "3", "x>": "4" }))).toBe(` data-x="1"`);
  });
});

describe("an address", () => {
  it.each(["https://example.com/x?y=1", "http://127.0.0.1:4433/", "/path", "relative?x", "//host/x"])(
    "may be %s",
    (url) => {
      expect(safeUrl(url)).toBe(url);
    },
  );

  it.each([
    "javascript:alert(1)",
    " javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\nscript:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "http://[",
  ])("may not be %s", (url) => {
    expect(safeUrl(url)).toBeUndefined();
  });

  it("of an image may be data, if it is an image", () => {
    expect(safeUrl("data:image/png;base64,AA==", "image")).toBe("data:image/png;base64,AA==");
    expect(safeUrl("data:text/html,x", "image")).toBeUndefined();
  });
});
