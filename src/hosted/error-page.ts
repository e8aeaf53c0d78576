import { type Answer, show } from "./answer.ts";
import { errorPage, failed, plainPage } from "./failed-page.ts";
import type { Visit } from "./visit.ts";
import type { WireError } from "./wire.ts";

/** Answers with the error that a browser was sent here with. It is a page like any other, so its status is 200. */
export const showError = async ({ api, param, texts }: Visit): Promise<Answer> => {
  const id = param("id") ?? param("error");
  if (id === undefined) return show(errorPage({}, texts));
  const got = await api.get<{ readonly error?: WireError; readonly created_at?: string }>(
    `/self-service/errors?id=${encodeURIComponent(id)}`,
  );
  if (got.kind === "ok") {
    const at = new Date(got.body.created_at ?? "");
    return show(errorPage(got.body.error ?? {}, texts, { at: Number.isNaN(at.getTime()) ? undefined : at }));
  }
  if (got.status !== 404) return failed(got, texts);
  return {
    kind: "page",
    status: 404,
    page: plainPage(texts, "forgotten", "./", "back_to_start"),
    cookies: got.cookies,
  };
};
