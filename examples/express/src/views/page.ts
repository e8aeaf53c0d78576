import { type Html, html } from "../html.ts";

/** A page of the application. */
export const page = (title: string, ...content: readonly (Html | readonly Html[])[]): string => {
  const body = html`
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <link rel="icon" href="data:," />
        <title>${title}</title>
      </head>
      <body>
        <nav>
          <a href="/registration">Sign up</a> <a href="/login">Sign in</a> <a href="/settings">Settings</a>
          <form action="/logout" method="post"><button>Sign out</button></form>
        </nav>
        <main>
          <h1>${title}</h1>
          ${content}
        </main>
      </body>
    </html>`;
  return `<!doctype html>${body.text}`;
};

/** A page that says one thing. */
export const notice = (title: string, text: string): string => page(title, html`<p role="alert">${text}</p>`);
