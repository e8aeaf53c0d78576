import express, { type Request, type Response } from "express";
import { type Answer, ask, type Flow, flowOf } from "./ostiary.ts";
import { flowView } from "./views/flow.ts";
import { notice } from "./views/page.ts";

/*
 * Pages of an application of its own: it draws the forms, and passes on to the
 * server what is typed into them, with the browser's cookies.
 */

const titles = { registration: "Sign up", login: "Sign in", settings: "Settings" } as const;

type Kind = keyof typeof titles;

const isFlow = (body: Answer["body"]): body is Flow & Answer["body"] => body.ui !== undefined;

/** Draws a flow, or goes where its error leads. */
const show = (request: Request, response: Response, kind: Kind, answer: Answer): void => {
  const { status, body } = answer;
  if (isFlow(body)) {
    const resume =
      typeof request.query.resume === "string" ? `&resume=${encodeURIComponent(request.query.resume)}` : "";
    const action = `/${kind}?flow=${body.id}${resume}`;
    response.status(status).send(flowView(titles[kind], action, body));
  } else fail(request, response, kind, answer);
};

/** Says what to do about an error. */
const fail = (request: Request, response: Response, kind: Kind, { status, body }: Answer): void => {
  switch (body.error?.id) {
    case "session_refresh_required":
      // The change is kept: sign in again, then it is resumed.
      response.redirect(303, `/login?refresh=true&resume=${String(request.query.flow)}`);
      break;
    case "session_aal2_required":
      response.redirect(303, "/login?aal=aal2");
      break;
    case "session_inactive":
      response.redirect(303, "/login");
      break;
    case "session_already_available":
      response.redirect(303, "/settings");
      break;
    case "browser_location_change_required":
      response.redirect(303, body.redirect_browser_to ?? "/settings");
      break;
    case "self_service_flow_expired":
      response.redirect(303, body.use_flow_id === undefined ? `/${kind}` : `/${kind}?flow=${body.use_flow_id}`);
      break;
    default:
      response
        .status(status)
        .send(notice(titles[kind], body.error?.reason ?? body.error?.message ?? "It did not work."));
  }
};

const app = express();
// What is typed is passed on as it is.
app.use(express.text({ type: "application/x-www-form-urlencoded" }));

for (const kind of ["registration", "login", "settings"] as const) {
  app.get(`/${kind}`, async (request, response) => {
    show(request, response, kind, await flowOf(request, response, kind));
  });

  app.post(`/${kind}`, async (request, response) => {
    const flow = encodeURIComponent(String(request.query.flow));
    const answer = await ask(request, response, `/self-service/${kind}?flow=${flow}`, "POST");
    if (kind === "settings" || answer.status !== 200) {
      show(request, response, kind, answer);
      return;
    }
    const { resume } = request.query;
    response.redirect(
      303,
      typeof resume === "string" ? `/settings/resume?flow=${encodeURIComponent(resume)}` : "/settings",
    );
  });
}

/** Applies the change that waited for the person to sign in again. */
app.get("/settings/resume", async (request, response) => {
  const flow = encodeURIComponent(String(request.query.flow));
  show(request, response, "settings", await ask(request, response, `/self-service/settings?flow=${flow}`));
});

/** A POST: a link of another site signs nobody out, since browsers leave the cookies of the session behind. */
app.post("/logout", async (request, response) => {
  const { body } = await ask(request, response, "/self-service/logout/browser");
  const { logout_token: token } = body as { readonly logout_token?: string };
  if (token !== undefined) await ask(request, response, `/self-service/logout?token=${encodeURIComponent(token)}`);
  response.redirect(303, "/login");
});

app.get("/", (_request, response) => response.redirect(303, "/settings"));

const port = Number(process.env.PORT ?? 4455);
app.listen(port, "127.0.0.1", () => {
  process.stdout.write(`http://127.0.0.1:${port}\n`);
});
