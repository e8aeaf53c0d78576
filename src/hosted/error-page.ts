import { type Answer, show } from "./answer.ts";
import { errorPage, failed } from "./failed-page.ts";
import type { Visit } from "./visit.ts";
import type { WireError } from "./wire.ts";

/** Answers with the error that a browser was sent here with. It is a page like any other, so its status is 200. */
export const showError = async (visit: Visit): Promise<Answer> => {
  const id = visit.param("id") ?? visit.param("error");
  if (id === undefined) return show(errorPage({}));
  const got = await visit.api.get<{ readonly error?: WireError }>(`/self-service/errors?id=${encodeURIComponent(id)}`);
  if (got.kind === "ok") return show(errorPage(got.body.error ?? {}));
  if (got.status !== 404) return failed(got);
  return {
    kind: "page",
    status: 404,
    page: errorPage({ message: "There was an error, but it is too long ago for us to know what it was." }),
    cookies: got.cookies,
  };
};
