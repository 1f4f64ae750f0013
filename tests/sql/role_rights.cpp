#include "role_rights.hpp"

#include "baton/sql/failure.hpp"

namespace baton::sql {
namespace {

// Arguments come from subqueries: of a strict function with a constant null Postgres would know
// the result without asking who calls.
constexpr auto functions = R"(
    select 'function ' || p.oid::regprocedure::text
           || case when p.prosecdef then ' [as owner]' else '' end, 'execute', '',
           format('select %I.%I(%s)', n.nspname, p.proname,
                  (select string_agg(format('(select null::%s)', format_type(a.type, null)),
                                     ', ' order by a.number)
                     from unnest(p.proargtypes) with ordinality as a (type, number))),
           'permission denied for function ' || p.proname,
           has_function_privilege($2, p.oid, 'execute')
      from pg_proc p
      join pg_namespace n on n.oid = p.pronamespace
     where n.nspname = $1
     order by 1)";

constexpr auto relations = R"(
    with relation as (
        select c.oid, n.nspname, c.relname, c.oid::regclass::text as name,
               case c.relkind when 'v' then 'view' when 'm' then 'materialized view'
                              else 'table' end as kind,
               (select string_agg(format('%I', a.attname), ', ' order by a.attnum)
                  from pg_attribute a
                 where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns
          from pg_class c
          join pg_namespace n on n.oid = c.relnamespace
         where n.nspname = $1 and c.relkind in ('r', 'p', 'f', 'v', 'm')
    ), target as (
        select r.*, '' as attname, 0 as attnum, r.columns as chosen from relation r
        union all
        select r.*, a.attname, a.attnum, format('%I', a.attname)
          from relation r
          join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
    )
    select t.kind || ' ' || t.name, p.privilege, t.attname,
           case p.privilege
               when 'select' then format('select %s from %s limit 0', t.chosen, t.name)
               when 'insert' then format('insert into %s (%s) values (%s)', t.name, t.chosen,
                   regexp_replace(t.chosen, '("[^"]*"|[^,"])+', 'default', 'g'))
               when 'update' then format('update %s set (%s) = row (%s) where false', t.name,
                   t.chosen, regexp_replace(t.chosen, '("[^"]*"|[^,"])+', 'default', 'g'))
               when 'delete' then format('delete from %s where false', t.name)
               when 'truncate' then
                   case t.kind when 'table' then format('truncate %s cascade', t.name) end
               end,
           format('permission denied for %s %s', t.kind, t.relname),
           case t.attname when '' then has_table_privilege($2, t.oid, p.privilege)
                          else has_column_privilege($2, t.oid, t.attnum::smallint, p.privilege) end
      from target t
     cross join unnest('{select,insert,update,delete,truncate,references,trigger}'::text[])
           with ordinality as p (privilege, number)
     where t.attname = '' or p.privilege in ('select', 'insert', 'update')
     order by 1, p.number, t.attnum)";

// nextval() is content with either of two rights.
constexpr auto sequences = R"(
    select 'sequence ' || c.oid::regclass::text, p.privilege, '',
           case p.privilege when 'select' then format('select last_value from %s', c.oid::regclass)
                            when 'update' then format('select setval(%L, 1)', c.oid::regclass)
                            when 'usage' then format('select nextval(%L)', c.oid::regclass) end,
           'permission denied for sequence ' || c.relname,
           has_sequence_privilege($2, c.oid, p.privilege)
      from pg_class c
      join pg_namespace n on n.oid = c.relnamespace
     cross join unnest('{usage,select,update}'::text[]) with ordinality as p (privilege, number)
     where n.nspname = $1 and c.relkind = 'S'
     order by 1, p.number)";

// Who may use a type can make a column of it elsewhere, which then stands in the way of changing
// the type: also that of a table's rows.
constexpr auto types = R"(
    select case t.typtype when 'd' then 'domain ' when 'c' then 'row type ' else 'type ' end
           || t.oid::regtype::text, 'usage', '',
           format('create temporary table trial (tried %s)', t.oid::regtype),
           'permission denied for type ' || t.oid::regtype::text,
           has_type_privilege($2, t.oid, 'usage')
      from pg_type t
      join pg_namespace n on n.oid = t.typnamespace
     where n.nspname = $1 and t.typcategory <> 'A'
     order by 1)";

constexpr auto schemas = R"(
    select 'schema', p.privilege, '',
           case p.privilege when 'usage' then format('select from %I.schema_migration', n.nspname)
                            else format('create table %I.trial ()', n.nspname) end,
           'permission denied for schema ' || n.nspname,
           has_schema_privilege($2, n.oid, p.privilege)
      from pg_namespace n
     cross join unnest('{usage,create}'::text[]) with ordinality as p (privilege, number)
     where n.nspname = $1
     order by p.number)";

std::string without(std::string text, const std::string& word) {
    for (auto at = text.find(word); at != std::string::npos; at = text.find(word)) {
        text.erase(at, word.size());
    }
    return text;
}

}  // namespace

std::vector<Right> rights_of(Connection& catalogue, const std::string& schema,
                             const std::string& role) {
    Transaction transaction(catalogue);
    // So that every name comes qualified.
    transaction.exec("set local search_path = pg_catalog", {});
    std::vector<Right> rights;
    for (const char* query : {schemas, functions, relations, sequences, types}) {
        for (const Row& row : transaction.exec(query, {schema, role})) {
            rights.push_back({without(std::string(row.text(0)), schema + "."),
                              std::string(row.text(1)), std::string(row.text(2)),
                              std::string(row.text(3)), std::string(row.text(4)), row.boolean(5)});
        }
    }
    return rights;
}

Trial::Trial(Connection& connection) : transaction_(connection) {
    transaction_.exec("set local statement_timeout = '2s'; savepoint trial");
}

std::optional<bool> Trial::is_allowed(const Right& right) {
    if (right.attempt.empty()) return std::nullopt;
    constexpr std::string_view insufficient_privilege = "42501";
    constexpr std::string_view not_updatable = "55000";
    std::optional<bool> allowed = true;
    try {
        transaction_.exec(right.attempt, {});
    } catch (const SqlError& error) {
        if (error.sqlstate() == insufficient_privilege) {
            allowed = std::string_view(error.what()).find(right.refusal) == std::string_view::npos;
        } else if (error.sqlstate() == not_updatable && right.object.starts_with("view ")) {
            allowed = std::nullopt;
        }
    }
    transaction_.exec("rollback to savepoint trial", {});
    return allowed;
}

}  // namespace baton::sql
