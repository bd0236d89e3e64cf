import type { Knex } from 'knex';

/** An account that was valid until a time that has passed. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table users drop constraint users_directory_state_check;
    alter table users add constraint users_directory_state_check
      check (directory_state in ('enabled', 'disabled', 'expired', 'gone'));
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    update users set directory_state = 'disabled' where directory_state = 'expired';
    alter table users drop constraint users_directory_state_check;
    alter table users add constraint users_directory_state_check
      check (directory_state in ('enabled', 'disabled', 'gone'));
  `);
}
