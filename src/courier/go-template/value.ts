/** What a template works with: JSON, whole numbers of its own, and moments. */
export type Value =
  | string
  /** A number of JSON, which Go has as a float64: `{{ . }}` of a million is `1e+06`. */
  | number
  /** A whole number: of the template, of a function, or of the server. */
  | bigint
  | boolean
  | null
  | undefined
  | Date
  | readonly Value[]
  | { readonly [key: string]: Value };
