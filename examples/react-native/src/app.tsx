import { createRestTransport } from "@ostiary/client";
import { type ReactNode, useEffect, useState, useSyncExternalStore } from "react";
import { Button, Modal, SafeAreaView, ScrollView, Text } from "react-native";
import { createAccount } from "./account.ts";
import { FlowForm } from "./screens/flow-form.tsx";
import { createTokenStore, type SecureStorage } from "./token-store.ts";

/** What the app is told where it is registered. */
export interface AppProps {
  /** URL of the server. */
  readonly baseUrl: string;
  readonly storage: SecureStorage;
}

/** Sign-up, sign-in and settings of a native app. */
export const App = ({ baseUrl, storage }: AppProps): ReactNode => {
  const [account] = useState(() =>
    createAccount({
      transport: createRestTransport({ baseUrl, credentials: "omit" }),
      tokens: createTokenStore(storage),
    }),
  );
  const { session, settings, entrance, challenge, failure, pending } = useSyncExternalStore(
    account.subscribe,
    account.state,
  );
  useEffect(() => {
    void account.start();
  }, [account]);
  useEffect(() => {
    if (session === "signed-in") void account.openSettings();
  }, [account, session]);

  const groups = [...new Set(settings?.nodes.map(({ group }) => group))].filter((group) => group !== "default");
  const enter = entrance !== undefined && (
    <FlowForm form={entrance} group="password" pending={pending} onSubmit={(values) => void account.enter(values)} />
  );
  return (
    <SafeAreaView>
      <ScrollView>
        {failure !== undefined && failure.reason !== "form_rejected" && (
          <Text accessibilityRole="alert">{failure.message}</Text>
        )}
        {session === "none" && (
          <>
            <Button title="Sign in" onPress={() => void account.beginSignIn()} />
            <Button title="Sign up" onPress={() => void account.beginSignUp()} />
            {enter}
          </>
        )}
        {session === "signed-in" &&
          settings !== undefined &&
          groups.map((group) => (
            <FlowForm
              key={group}
              form={settings}
              group={group}
              pending={pending}
              onSubmit={(values) => void account.saveSettings(values)}
            />
          ))}
        {session === "signed-in" && <Button title="Sign out" onPress={() => void account.signOut()} />}
        <Modal visible={challenge !== undefined} onRequestClose={account.refuse}>
          <Text>Is it you?</Text>
          {enter}
          <Button title="Not now" onPress={account.refuse} />
        </Modal>
      </ScrollView>
    </SafeAreaView>
  );
};
