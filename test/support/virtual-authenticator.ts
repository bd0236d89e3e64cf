// The authenticator that Chromium's DevTools have (the WebAuthn domain of their protocol): it keeps passkeys, and says yes for
// the person unless told. It lives as long as its page.

import type { CDPSession, Page } from 'playwright-core';

type Credential = Awaited<ReturnType<typeof credentialsOf>>[number];

export interface VirtualAuthenticator {
  credentials(): Promise<Credential[]>;
  /** Takes a passkey away, or puts back one as it once was: a copy, by its counter. */
  remove(credentialId: string): Promise<void>;
  add(credential: Credential): Promise<void>;
  /** Whether the person is recognised, by a finger or a PIN. */
  setUserVerified(isUserVerified: boolean): Promise<void>;
  /** Whether somebody is there at all; a request that nobody is there for waits. */
  setPresent(isPresent: boolean): Promise<void>;
}

export async function addAuthenticator(page: Page): Promise<VirtualAuthenticator> {
  const devTools = await page.context().newCDPSession(page);
  await devTools.send('WebAuthn.enable');
  const { authenticatorId } = await devTools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      ctap2Version: 'ctap2_1',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });

  return {
    credentials: () => credentialsOf(devTools, authenticatorId),
    remove: async (credentialId) =>
      void (await devTools.send('WebAuthn.removeCredential', { authenticatorId, credentialId })),
    add: async (credential) => void (await devTools.send('WebAuthn.addCredential', { authenticatorId, credential })),
    setUserVerified: async (isUserVerified) =>
      void (await devTools.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified })),
    setPresent: async (enabled) =>
      void (await devTools.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled })),
  };
}

async function credentialsOf(devTools: CDPSession, authenticatorId: string) {
  const { credentials } = await devTools.send('WebAuthn.getCredentials', { authenticatorId });
  return credentials;
}
