// What a client may ask to know of a person: the protocol's scopes, and what each of them tells.

/** Scope → claims (OpenID Connect Core 5.4, and ours). `openid` carries what is true of every sign-in. */
export const CLAIMS_BY_SCOPE = {
  openid: ['sub', 'acr', 'amr', 'auth_time', 'tenant'],
  profile: [
    'name',
    'given_name',
    'family_name',
    'nickname',
    'preferred_username',
    'picture',
    'website',
    'zoneinfo',
    'locale',
  ],
  email: ['email', 'email_verified'],
  phone: ['phone_number', 'phone_number_verified'],
  groups: ['groups'],
  roles: ['roles'],
};

export const SCOPES = ['openid', 'offline_access', 'profile', 'email', 'phone', 'groups', 'roles'];
