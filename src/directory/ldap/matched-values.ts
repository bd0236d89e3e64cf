// The matched values control (RFC 3876): of a group of a hundred thousand, only the members that were asked about are sent.

import type { Filter } from 'ldapts';
import { BerWriter, Control } from 'ldapts';

import { tag } from './ber.ts';
import { MATCHED_VALUES_CONTROL } from './root-dse.ts';

export class MatchedValuesControl extends Control {
  readonly #filters: readonly Filter[];

  /** What matches none of the filters is left out, of every attribute. */
  constructor(filters: readonly Filter[]) {
    super(MATCHED_VALUES_CONTROL);
    this.#filters = filters;
  }

  override writeControl(writer: BerWriter): void {
    const value = new BerWriter();
    value.startSequence();
    for (const filter of this.#filters) filter.write(value);
    value.endSequence();
    writer.writeBuffer(value.buffer, tag.octetString);
  }
}
