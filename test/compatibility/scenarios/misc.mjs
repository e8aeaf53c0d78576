// What does not belong to a flow.
export const scenarios = {
  health: async (t) => {
    for (const admin of [false, true])
      for (const what of ["alive", "ready"])
        await t.get(`${what}, ${admin ? "admin" : "public"}`, `/health/${what}`, { admin });
    await t.get("with the admin prefix", "/admin/health/alive", { admin: true });
    await t.get("version on the public port", "/version");
  },
  schemas: async (t) => {
    await t.get("list", "/schemas");
    await t.get("by id", "/schemas/default");
    await t.get("by encoded id", "/schemas/ZGVmYXVsdA");
    await t.get("unknown", "/schemas/other");
    await t.get("list on the admin port", "/admin/schemas", { admin: true });
    await t.get("by id on the admin port", "/schemas/default", { admin: true });
  },
  errors: async (t) => {
    await t.get("unknown", "/self-service/errors?id=6f9b8b1c-8f3b-4f1e-9a55-0f1d3c5b7a99");
    await t.get("malformed", "/self-service/errors?id=x");
    await t.get("none", "/self-service/errors");
    await t.get("stub", "/self-service/errors?id=stub:500");
  },
  "an error is read twice": async (t) => {
    const r = await t.call(null, {
      path: "/self-service/login/browser?return_to=https%3A%2F%2Fevil.example.org",
      accept: "html",
    });
    const id = new URL(r.headers.get("location")).searchParams.get("id");
    await t.get("once", `/self-service/errors?id=${id}`);
    await t.get("twice, html", `/self-service/errors?id=${id}`, { accept: "html" });
  },
  "unknown places and other verbs": async (t) => {
    await t.get("unknown", "/nothing/here");
    await t.get("unknown, html", "/nothing/here", { accept: "html" });
    await t.get("unknown, admin", "/admin/nothing", { admin: true });
    await t.call("options", { method: "OPTIONS", path: "/self-service/login/api" });
    await t.call("head", { method: "HEAD", path: "/self-service/login/api" });
    await t.call("put", { method: "PUT", path: "/self-service/login?flow=x", json: {} });
    await t.post("post to init", "/self-service/login/api", { json: {} });
    await t.call("delete an identity, public", {
      method: "DELETE",
      path: "/admin/identities/6f9b8b1c-8f3b-4f1e-9a55-0f1d3c5b7a99",
    });
  },
  "flows on the admin port": async (t) => {
    await t.get("login", "/self-service/login/api?refresh=true", { admin: true });
    await t.get("registration", "/self-service/registration/browser", { admin: true, accept: "html" });
    await t.get("errors", "/self-service/errors?id=x", { admin: true });
    await t.get("recovery", "/self-service/recovery/flows?id=x", { admin: true });
  },
};
