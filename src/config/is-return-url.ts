/**
 * Whether a text is where somebody may be sent: an absolute URL with a host, or a path. Apps have schemes of their
 * own; what has no host, such as `javascript:`, is no place to go.
 */
export const isReturnUrl = (text: string): boolean => {
  if (text.startsWith("/")) return !/^\/[/\\]/.test(text);
  return /^[a-z][a-z0-9+.-]*:\/\/./i.test(text) && URL.canParse(text);
};
