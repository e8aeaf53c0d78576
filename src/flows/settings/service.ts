import { SettingsService } from "../../../gen/ostiary/settings/v1/settings_service_pb.ts";
import { FlowType } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import { defineService } from "../../lib/service.ts";
import type { SettingsCallback } from "./callback.ts";
import { createCreate } from "./create.ts";
import type { SettingsDeps } from "./deps.ts";
import { createGet } from "./get.ts";
import { createUpdate } from "./update.ts";

/*
 * A signed-in person changes their own account. create, get and update are one
 * file each; update.ts shows the steps of a change. What a method does is in
 * its own folder under methods/.
 */

/** Creates the SettingsService: each RPC and where a browser signs in for it. */
export const createSettingsService = (deps: SettingsDeps, completeRedirect: SettingsCallback) => {
  const {
    sessions: { csrf },
    destinations: { urls },
  } = deps;
  const { update, resume } = createUpdate(deps, completeRedirect);
  const atLoginPage = () => urls.page("login");
  return defineService(SettingsService, {
    createFlow: {
      run: createCreate(deps),
      signIn: (request, call) => {
        if (request.type !== FlowType.BROWSER) return undefined;
        csrf.ensure(call);
        return urls.init("login", "browser", { return_to: request.returnTo });
      },
    },
    getFlow: {
      run: createGet(deps),
      signIn: (_, call) => {
        csrf.ensure(call);
        return atLoginPage();
      },
    },
    updateFlow: {
      run: async (request, call) => ({
        $typeName: "ostiary.settings.v1.UpdateFlowResponse",
        ...(await update(request, call)),
      }),
      signIn: atLoginPage,
    },
    resumeFlow: {
      run: async (request, call) => ({
        $typeName: "ostiary.settings.v1.ResumeFlowResponse",
        ...(await resume(request, call)),
      }),
      signIn: atLoginPage,
    },
    locateChangePassword: {
      run: async (_, call) => {
        csrf.ensure(call);
        return {
          $typeName: "ostiary.settings.v1.LocateChangePasswordResponse",
          redirectBrowserTo: urls.page("settings"),
        };
      },
    },
  });
};
