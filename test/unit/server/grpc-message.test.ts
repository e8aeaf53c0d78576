import { expect, test } from "vitest";
import { encodeGrpcMessage } from "../../../src/server/grpc-message.ts";

test("a message is percent-encoded where gRPC says so, and nowhere else", () => {
  for (const [message, encoded] of [
    ["", ""],
    ["all ~!@#$^&*()_+ of it, is: printable", "all ~!@#$^&*()_+ of it, is: printable"],
    ["100%", "100%25"],
    ["a\nb\tc\u007f", "a%0Ab%09c%7F"],
    ["Zoë \u{1f600}", "Zo%C3%AB %F0%9F%98%80"],
    [" ends ", "%20ends%20"],
    [" ", "%20"],
    ["broken \ud800 half", "broken %EF%BF%BD half"],
  ]) {
    expect(encodeGrpcMessage(message ?? "")).toBe(encoded);
    expect(decodeURIComponent(encoded ?? "")).toBe((message ?? "").toWellFormed());
  }
});
