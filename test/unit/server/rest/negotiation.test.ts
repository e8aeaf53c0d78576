import { expect, test } from "vitest";
import { acceptsJson, isJson } from "../../../../src/server/rest/negotiate.ts";

test("Accept is JSON only when JSON is wanted more than HTML", () => {
  const wanted = [
    "application/json",
    "application/json, */*",
    "application/json, text/plain, */*",
    "application/json;q=0.9",
    "text/html;q=0.8, application/json;q=0.9",
    "application/*",
    "application/*, */*",
    "APPLICATION/JSON",
    "*/*;q=0.1, application/json;q=0.2",
    "text/*, application/json",
    "text/html;q=0, application/json",
    "application/json;charset=utf-8",
  ];
  for (const accept of wanted) expect(acceptsJson({ accept }), accept).toBe(true);
  const unwanted = [
    "",
    "*/*",
    "text/html",
    "text/html, application/json",
    "application/json, text/html",
    "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "text/*, application/*",
    "application/json;q=0",
    "application/json;q=0.5, */*",
    "application/json;q=nonsense",
    "application/jsonp",
    "image/png",
    ",,;;q",
  ];
  for (const accept of unwanted) expect(acceptsJson({ accept }), accept).toBe(false);
  expect(acceptsJson({})).toBe(false);
});

test("a body that is declared as nothing but JSON makes a JSON caller", () => {
  expect(isJson({ "content-type": "application/json" })).toBe(true);
  expect(isJson({ "content-type": "application/json; charset=utf-8" })).toBe(false);
  expect(isJson({ "content-type": "application/x-www-form-urlencoded", accept: "application/json" })).toBe(true);
  expect(acceptsJson({ "content-type": "application/json" })).toBe(false);
});
