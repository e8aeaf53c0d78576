import { describe, expect, it } from "vitest";
import { eventTypes } from "../../../src/audit/event-types.ts";
import { renderActivity } from "../../../src/hosted/activity.ts";
import { htmlText } from "../../../src/hosted/html.ts";
import { languages } from "../../../src/hosted/language.ts";
import { textsOf } from "../../../src/hosted/texts.ts";

const entry = { time: "2026-01-31T12:00:00Z", remote_address: "203.0.113.7" };

describe.each(languages)("activity in $name", ({ code }) => {
  const texts = textsOf(code);

  it("has a name for every type of event but those that are never about a live account", () => {
    const unnamed = Object.keys(eventTypes).filter((type) =>
      htmlText(renderActivity([{ ...entry, type }], texts).body).includes(texts.text("activity.other")),
    );
    expect(unnamed).toEqual(["passkey.copied", "session.extended", "webauthn.copied"]);
  });

  it("says what was refused, and shows what a client calls itself as text", () => {
    const [type, agent] = ["login.refused", "<script>alert(1)</script>"];
    const page = htmlText(renderActivity([{ ...entry, type, refused: true, user_agent: agent }], texts).body);
    expect(page).toContain(texts.text("activity.refused"));
    expect(page).toContain(entry.remote_address);
    expect(page).not.toContain("<script>");
  });
});
