// The library exports its in-memory adapter by no name, and nobody but the benchmark has a reason to ask for it.

declare module 'oidc-provider/lib/adapters/memory_adapter.js' {
  import type { AdapterFactory } from 'oidc-provider';

  export function createMemoryAdapter(): AdapterFactory;
}
