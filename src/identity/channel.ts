/** How a message reaches an address. */
export type Channel = "email" | "sms";

/** The channel of an address as it is stored: one that is no phone number is a mail address. */
export const channelOf = (via: string): Channel => (via === "sms" ? "sms" : "email");

/** Whether messages can be sent by a channel: to phones where the configuration has a way to. */
export const isReachable = (via: string, takesPhoneNumbers: boolean): via is Channel =>
  via === "email" || (via === "sms" && takesPhoneNumbers);
