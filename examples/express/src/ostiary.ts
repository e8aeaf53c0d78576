import type { Request, Response } from "express";

/** Where the server is reached from here. */
const base = (process.env.OSTIARY_URL ?? "http://127.0.0.1:4433").replace(/\/+$/, "");

/** A text for a person. */
export interface Text {
  readonly id: number;
  readonly text: string;
  readonly type: "info" | "error" | "success";
}

/** One element of a form, as REST answers it. */
export interface Node {
  readonly type: string;
  readonly group: string;
  readonly attributes: {
    readonly name?: string;
    readonly type?: string;
    readonly value?: unknown;
    readonly required?: boolean;
    readonly disabled?: boolean;
    readonly autocomplete?: string;
    readonly options?: readonly { readonly value: unknown }[];
    readonly href?: string;
    readonly src?: string;
    readonly title?: Text;
    readonly text?: Text;
  };
  readonly messages: readonly Text[];
  readonly meta: { readonly label?: Text };
}

/** A flow of any kind. */
export interface Flow {
  readonly id: string;
  readonly ui: { readonly nodes: readonly Node[]; readonly messages?: readonly Text[] };
}

/** What the server answered: status, and JSON. */
export interface Answer {
  readonly status: number;
  readonly body: {
    readonly error?: { readonly id?: string; readonly message: string; readonly reason?: string };
    readonly redirect_browser_to?: string;
    readonly use_flow_id?: string;
    readonly ui?: Flow["ui"];
  };
}

/**
 * Calls the server for a browser: its cookies go there, and those that are
 * answered come back. What the browser typed goes on as the form it was.
 */
export const ask = async (request: Request, response: Response, path: string, method = "GET"): Promise<Answer> => {
  const { cookie } = request.headers;
  const answer = await fetch(base + path, {
    method,
    headers: {
      accept: "application/json",
      // Where the person is: the server believes it if this machine is among its `trusted_proxies`.
      ...(request.ip !== undefined && { "x-forwarded-for": request.ip }),
      ...(cookie !== undefined && { cookie }),
      ...(method === "POST" && { "content-type": "application/x-www-form-urlencoded" }),
    },
    ...(method === "POST" && { body: String(request.body) }),
    redirect: "manual",
  });
  for (const line of answer.headers.getSetCookie()) response.append("set-cookie", line);
  const text = await answer.text();
  return { status: answer.status, body: text === "" ? {} : (JSON.parse(text) as Answer["body"]) };
};

/** Reads the flow that the page is for, or begins one. */
export const flowOf = (request: Request, response: Response, kind: string): Promise<Answer> => {
  const { flow, ...query } = request.query;
  const asked = new URLSearchParams();
  for (const name of ["refresh", "aal"]) {
    const value = query[name];
    if (typeof value === "string") asked.set(name, value);
  }
  return ask(
    request,
    response,
    typeof flow === "string"
      ? `/self-service/${kind}/flows?id=${encodeURIComponent(flow)}`
      : `/self-service/${kind}/browser?${asked}`,
  );
};
