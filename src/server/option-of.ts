import { getOption } from "@bufbuild/protobuf";

const known = new WeakMap<object, Map<object, unknown>>();

/**
 * What an option of a descriptor is, as `getOption` of the library says it, which decodes it anew at each call: here it
 * is decoded once. Messages among the values are shared, and not to be changed.
 */
export const optionOf: typeof getOption = (element, option) => {
  const options = known.get(element) ?? new Map<object, unknown>();
  known.set(element, options);
  if (!options.has(option)) options.set(option, getOption(element, option));
  return options.get(option) as ReturnType<typeof getOption<typeof option, typeof element>>;
};
