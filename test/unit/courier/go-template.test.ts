import { describe, expect, it } from "vitest";
import { compileTemplate } from "../../../src/courier/go-template/compile.ts";
import { namesShape } from "../../../src/courier/go-template/shape.ts";
import type { Value } from "../../../src/courier/go-template/value.ts";

const fields = ["To", "Identity", "Items", "ExpiresInMinutes", "VerificationURL", "Empty"];
const data = {
  To: "ann@example.com",
  ExpiresInMinutes: 10n,
  VerificationURL: "https://id.example.com/?a=1&b=2",
  Items: ["x", "y"],
  Empty: "",
  Identity: {
    traits: { name: { first: "Ann", last: "O'Neil" }, lang: "de", site: "javascript:alert(1)", admin: false },
  },
};
const now = new Date("2026-11-27T12:00:00Z");
const fill = (
  source: string,
  kind: "html" | "text" = "text",
  others: Record<string, string> = {},
  given: Value = data,
) => compileTemplate(source, { kind, data: namesShape(fields), others }).render(given, now);

describe("a Go template", () => {
  it.each([
    ["Hi {{ .Identity.traits.name.first }}!", "Hi Ann!"],
    ["{{.To}}", "ann@example.com"],
    ["{{ .Identity.traits.nothing.at.all }}.", "."],
    ["{{ if .To }}yes{{ else }}no{{ end }}", "yes"],
    ["{{ if .Empty }}yes{{ else if eq .ExpiresInMinutes 10 }}ten{{ else }}no{{ end }}", "ten"],
    ["{{ if not .Identity.traits.admin }}no{{ end }}", "no"],
    ["{{ if and .To (gt .ExpiresInMinutes 5) }}long{{ end }}", "long"],
    ["{{ range .Items }}<{{ . }}>{{ else }}none{{ end }}", "<x><y>"],
    ["{{ range $i, $v := .Items }}{{ $i }}{{ $v }}{{ end }}", "0x1y"],
    ["{{ range $k, $v := .Identity.traits.name }}{{ $k }}={{ $v }};{{ end }}", "first=Ann;last=O'Neil;"],
    ["{{ range .Empty }}x{{ else }}none{{ end }}", "none"],
    ["{{ with .Identity.traits.name }}{{ .first }} to {{ $.To }}{{ end }}", "Ann to ann@example.com"],
    ["{{ with .Empty }}x{{ else }}{{ .To }}{{ end }}", "ann@example.com"],
    ["{{ $n := .Identity.traits.name.first }}{{ if true }}{{ $n = upper $n }}{{ end }}{{ $n }}", "ANN"],
    ["a  {{- /* said by nobody */ -}}  b", "ab"],
    ["a \n {{- .To -}} \n b", "aann@example.comb"],
    ['{{ "}} in quotes" }}', "}} in quotes"],
    ['{{ .Identity.traits.title | default "friend" | title }}', "Friend"],
    ['{{ upper .To | trimSuffix "EXAMPLE.COM" }}', "ANN@"],
    ['{{ (split "@" .To)._0 }}', "ann"],
    ["{{ index .Items 1 }}{{ len .Items }}", "y2"],
    ['{{ index .Identity.traits "lang" }}', "de"],
    ['{{ printf "%s has %d of %q at %.1f" .To .ExpiresInMinutes "x" 0.25 }}', 'ann@example.com has 10 of "x" at 0.2'],
    ['{{ join ", " .Items }} {{ first .Items }} {{ contains "@" .To }}', "x, y x true"],
    ['{{ ternary "a" "b" (eq .To "x") }}', "b"],
    ['{{ now | date "2 January 2006, 15:04" }} {{ now.Year }}', "27 November 2026, 12:00 2026"],
    ["{{ add 1 .ExpiresInMinutes }} {{ div .ExpiresInMinutes 0 }}", "11 0"],
    ['{{ define "sig" }}-- {{ .To }}{{ end }}{{ template "sig" . }}', "-- ann@example.com"],
    ['{{ block "b" .Identity.traits }}{{ .lang }}{{ end }}', "de"],
  ])("%s says %s", (source, expected) => {
    expect(fill(source)).toBe(expected);
  });

  it("includes the files beside it by their names, and what they define", () => {
    const others = {
      "email.body.de.gotmpl": 'Hallo {{ upper .Identity.traits.name.first }}{{ template "sig" . }}',
      "email.body.en.gotmpl": "{{ broken",
      "parts.gotmpl": '{{ define "sig" }}!{{ end }}',
    };
    const source = `{{- if eq .Identity.traits.lang "de" -}}{{ template "email.body.de.gotmpl" . }}{{- end -}}`;
    const withSignature = {
      ...others,
      "email.body.de.gotmpl": `{{ define "sig" }}!{{ end }}${others["email.body.de.gotmpl"]}`,
    };
    expect(fill(source, "text", withSignature)).toBe("Hallo ANN!");
    expect(fill(source, "text", others)).toBe("Hallo ANN!");
  });

  it.each([
    ["{{ .Name }}", "line 1: there is no .Name; there are .To"],
    ["a\nb\n{{ $.Oops }}", "line 3: there is no .Oops"],
    ['a\n{{ env "HOME" }}', "line 2: the function env is not there"],
    ["{{ if .To }}", "line 1: is not closed by {{ end }}"],
    ["{{ end }}", "line 1: {{ end }} closes nothing"],
    ["x\n{{ .To", "line 2: an action is not closed"],
    ["{{ upper }}", "line 1: upper takes another number of values"],
    ["{{ .To .To }}", "stands after a value that is no function"],
    ["{{ .To | .To }}", "what stands after | must be a function"],
    ["{{ (upper .To }}", "a parenthesis is not closed"],
    ["{{ }}", "an action is empty"],
    ["{{ range .Items }}{{ break }}{{ end }}", "{{ break }} is not understood"],
    ['{{ template "nothing" . }}', 'the template "nothing" is not there'],
    ["{{ .To & 1 }}", "cannot be read at"],
    ["a\n{{ $x }}", "line 2: there is no variable $x"],
    ["{{ if .To }}{{ $x := 1 }}{{ end }}{{ $x }}", "there is no variable $x"],
    ["{{ $x = 1 }}", "there is no variable $x"],
    ['{{ printf "%z" .To }}', "line 1: printf does not know %z"],
    ['{{ printf "%#v" .To }}', "printf does not know %#v"],
    ['{{ printf "%s %s" .To }}', "printf has 1 values for a format of 2"],
    ['{{ .To | printf "%s" .To }}', "printf has 2 values for a format of 1"],
    ['a\n{{ define "u" }}\n\n{{ .Name }}{{ end }}{{ template "u" . }}', 'line 4: in "u", line 4: there is no .Name'],
    ["{{ now.Moon }}", "there is no (…).Moon"],
  ])("is refused: %s", (source, message) => {
    expect(() => fill(source)).toThrow(message);
  });

  it("that includes itself ends, and so does one that prints without end", () => {
    expect(() => fill('{{ define "a" }}{{ template "a" . }}{{ end }}{{ template "a" . }}')).toThrow("without end");
    const many = { Items: Array.from({ length: 2_000 }, () => "x".repeat(1_000)) };
    expect(() => fill("{{ range .Items }}{{ . }}{{ end }}", "text", {}, many)).toThrow("more than it may");
  });
});

describe("a Go template of HTML", () => {
  it.each([
    ["<p>{{ .Identity.traits.name.last }}</p>", "<p>O&#39;Neil</p>"],
    [
      '<a title="{{ .To }}" href="{{ .VerificationURL }}">x</a>',
      '<a title="ann@example.com" href="https://id.example.com/?a=1&amp;b=2">x</a>',
    ],
    ["<a href='{{ .Identity.traits.site }}'>x</a>", "<a href='#ZgotmplZ'>x</a>"],
    ['<p style="color: {{ .Identity.traits.site }}">x</p>', '<p style="color: ZgotmplZ">x</p>'],
    [
      '<style>p { color: red }</style><a href="{{ .Identity.traits.site }}">',
      '<style>p { color: red }</style><a href="#ZgotmplZ">',
    ],
    ["<title>{{ .To }}</title>", "<title>ann@example.com</title>"],
    ["<!-- {{ .To }} --><b>{{ .To }}</b>", "<b>ann@example.com</b>"],
  ])("%s is %s", (source, expected) => {
    expect(fill(source, "html")).toBe(expected);
  });

  it.each([
    ["<script>\nlet a = '{{ .To }}'</script>", "line 2: a value cannot stand within <script>"],
    ["<style>p { color: {{ .To }} }</style>", "a value cannot stand within <style>"],
    ["<a {{ .To }}>", "must stand in an attribute with quotes"],
    ["<a href={{ .To }}>", "must stand in an attribute with quotes"],
    ['<a onclick="x({{ .To }})">', "a value cannot stand in onclick"],
    ['<iframe srcdoc="{{ .To }}">', "a value cannot stand in srcdoc"],
    [`<p style="background: url('{{ .To }}')">`, "cannot stand within quotes, url() or a comment"],
    [`<p style="a: &quot;{{ .To }}&quot;">`, "cannot stand within quotes, url() or a comment"],
    ['{{ if .To }}<a href="{{ end }}{{ .To }}">', "line 1: its branches end in different places of the HTML"],
    ['{{ range .Items }}<b title="{{ end }}x">', "its branches end in different places of the HTML"],
    ['<a href="{{ if .To }}/a{{ end }}{{ .To }}">', "where branches before it end in different parts of the URL"],
    ['<p>\n<a href="{{ .To }}', "line 2: it ends within a tag"],
    ["<!-- {{ .To }}", "it ends within a comment"],
    ["<a title=\"x\"'{{ .To }}'>", "cannot stand there within a tag"],
  ])("is refused: %s", (source, message) => {
    expect(() => fill(source, "html")).toThrow(message);
  });
});

describe("an included template of HTML is judged where it is included", () => {
  const unit = '{{ define "u" }}{{ . }}{{ end }}';
  const site = "{{ template `u` .Identity.traits.site }}";
  it.each([
    [`<a href="${site}">`, '<a href="#ZgotmplZ">'],
    [`<a title="${site}">${site}</a>`, '<a title="javascript:alert(1)">javascript:alert(1)</a>'],
    [`<a href="/?a=${site}">`, '<a href="/?a=javascript%3aalert%281%29">'],
    [`<p style="color: ${site}">`, '<p style="color: ZgotmplZ">'],
    [`<title>${site}</title>`, "<title>javascript:alert(1)</title>"],
    ['<a href="{{ block `b` .Identity.traits.site }}{{ . }}{{ end }}">', '<a href="#ZgotmplZ">'],
    // What follows it stands where it ends.
    ['{{ define "open" }}<a href="{{ end }}{{ template "open" }}{{ .Identity.traits.site }}">', '<a href="#ZgotmplZ">'],
  ])("%s is %s", (source, expected) => {
    expect(fill(unit + source, "html")).toBe(expected);
  });

  it.each([
    [`<script>\n${site}</script>`, 'line 2: in "u", line 1: a value cannot stand within <script>'],
    [`<style>${site}</style>`, "a value cannot stand within <style>"],
    [`<a onclick="${site}">`, "a value cannot stand in onclick"],
    [`<a href=${site}>`, "must stand in an attribute with quotes"],
    [`<a ${site}>`, "must stand in an attribute with quotes"],
    [`<p style="a: url(${site})">`, "cannot stand within quotes, url() or a comment"],
  ])("and refused there: %s", (source, message) => {
    expect(() => fill(unit + source, "html")).toThrow(message);
  });

  it("and refused where it includes itself somewhere else each time", () => {
    const source = '{{ define "c" }}{{ if . }}x{{ template "c" "" }}{{ end }}{{ end }}<b{{ template "c" .To }}>';
    expect(() => fill(source, "html")).toThrow("templates include each other without end");
  });

  it("also where it is a file beside it, which may be right elsewhere", () => {
    const others = { "part.gotmpl": "<i>\n{{ . }}</i>" };
    expect(fill('{{ template "part.gotmpl" .To }}', "html", others)).toBe("<i>\nann@example.com</i>");
    expect(() => fill('<script>{{ template "part.gotmpl" .To }}</script>', "html", others)).toThrow(
      'line 1: in "part.gotmpl", line 2: a value cannot stand within <script>',
    );
  });

  it("and has as its $ what it is given", () => {
    expect(fill('{{ define "u" }}{{ $ }}{{ end }}{{ template "u" .To }}')).toBe("ann@example.com");
  });
});
