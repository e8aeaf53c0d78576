import type { DescEnum, DescMessage, DescMethod } from "@bufbuild/protobuf";
import type { Route } from "../../src/server/rest/http-rule.ts";

/** `show_settings_ui` is `ShowSettingsUi`. */
export const pascal = (name: string): string =>
  name
    .split(/[_\-.]+/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join("");

/** The package of a type without company and version: `ostiary.settings.v1.State` is of `settings`. */
const areaOf = (typeName: string): string => typeName.split(".").at(-3) ?? "";

/**
 * The name of a type among the components. Its package stands in front, unless the name begins with it, so that
 * a type of another package never changes it: `settings.v1.State` is `SettingsState`, `ui.v1.UiNode` is `UiNode`.
 */
export const componentName = ({ name, typeName }: DescMessage | DescEnum): string => {
  const area = pascal(areaOf(typeName));
  return name.startsWith(area) ? name : `${area}${name}`;
};

/** The area that an RPC belongs to, `settings`. */
export const areaOfRpc = ({ parent }: DescMethod): string => areaOf(parent.typeName);

/** The operation's id: area, RPC, and what tells its further routes apart: `settingsCreateFlowBrowser`. */
export const operationId = (route: Route, isFirst: boolean): string => {
  const { method, path, verb } = route;
  const constants = path.constants.map(({ value }) => pascal(value)).join("");
  const parameters = path.parameters.map(({ field }) => `By${pascal(field)}`).join("");
  const kind = constants !== "" || isFirst ? constants : parameters || pascal(verb.toLowerCase());
  return `${areaOfRpc(method)}${method.name}${kind}`;
};
