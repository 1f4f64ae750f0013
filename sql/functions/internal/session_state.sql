-- session_state: what a statement can leave behind in a session that changes what the next one
-- does, as one text to compare. Internal: call_sql_effects(),
-- call_sql_reducer().
--
-- Not every setting is in it, but those by which a reducer's result, the leader's own statements or
-- their rights could come to be others: to read them all takes a hundred times as long.
--
-- Access: orchestrate
create or replace function session_state()
returns text
language plpgsql
stable
set search_path from current
as $$
begin
    return pg_catalog.concat_ws(' ',
        current_setting('baton.session', true), current_setting('role'),
        current_setting('session_authorization'),
        current_setting('row_security'), current_setting('session_replication_role'),
        current_setting('transaction_read_only'), current_setting('default_transaction_read_only'),
        current_setting('default_transaction_isolation'),
        current_setting('default_transaction_deferrable'),
        current_setting('timezone'), current_setting('datestyle'),
        current_setting('intervalstyle'), current_setting('bytea_output'),
        current_setting('extra_float_digits'), current_setting('client_encoding'),
        current_setting('standard_conforming_strings'), current_setting('array_nulls'),
        current_setting('transform_null_equals'), current_setting('default_text_search_config'),
        current_setting('lc_numeric'), current_setting('lc_monetary'), current_setting('lc_time'),
        current_setting('lc_messages'), current_setting('xmloption'),
        current_setting('statement_timeout'), current_setting('lock_timeout'),
        current_setting('idle_in_transaction_session_timeout'),
        current_setting('exit_on_error'), current_setting('synchronous_commit'),
        current_setting('enable_seqscan'), current_setting('enable_indexscan'),
        current_setting('enable_bitmapscan'), current_setting('enable_sort'),
        current_setting('enable_hashjoin'), current_setting('enable_mergejoin'),
        current_setting('enable_nestloop'), current_setting('plan_cache_mode'),
        current_setting('jit'), current_setting('work_mem'), pg_catalog.pg_my_temp_schema());
end;
$$;
