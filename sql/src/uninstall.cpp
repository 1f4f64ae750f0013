// Removes an environment, and nothing else: see migrator.hpp.

#include "baton/sql/migrator.hpp"

#include "baton/base/error.hpp"
#include "baton/sql/failure.hpp"
#include "installation.hpp"
#include "migration_set.hpp"
#include "own_schema.hpp"

namespace baton::sql {
namespace {

// Everything that goes with the schema, one dependent after the other, to the first that is not in
// it. An object is where the catalogue says; a part of one (a column's default, a rule, a trigger,
// a policy, a constraint) is where that one is. What is of no schema at all (a cast, a publication,
// an extension) is outside. Postgres would drop each of them without a word. The triggers of
// captures (capture_table.sql) are on tables outside, and go with what they call.
constexpr std::string_view dependents_query = R"sql(
with recursive reached (classid, objid, objsubid, is_inside) as (
    select 'pg_namespace'::regclass::oid, %schema, 0, true
     union
    select d.classid, d.objid, d.objsubid, home.schema in (%schema, 'pg_toast'::regnamespace)
      from reached r
      join pg_depend d on d.refclassid = r.classid and d.refobjid = r.objid
     cross join lateral (
        select case d.classid
               when 'pg_class'::regclass then
                   (select c.relnamespace from pg_class c where c.oid = d.objid)
               when 'pg_type'::regclass then
                   (select t.typnamespace from pg_type t where t.oid = d.objid)
               when 'pg_proc'::regclass then
                   (select p.pronamespace from pg_proc p where p.oid = d.objid)
               when 'pg_operator'::regclass then
                   (select o.oprnamespace from pg_operator o where o.oid = d.objid)
               when 'pg_opclass'::regclass then
                   (select o.opcnamespace from pg_opclass o where o.oid = d.objid)
               when 'pg_opfamily'::regclass then
                   (select o.opfnamespace from pg_opfamily o where o.oid = d.objid)
               when 'pg_collation'::regclass then
                   (select l.collnamespace from pg_collation l where l.oid = d.objid)
               when 'pg_conversion'::regclass then
                   (select v.connamespace from pg_conversion v where v.oid = d.objid)
               when 'pg_statistic_ext'::regclass then
                   (select s.stxnamespace from pg_statistic_ext s where s.oid = d.objid)
               when 'pg_default_acl'::regclass then
                   (select a.defaclnamespace from pg_default_acl a where a.oid = d.objid)
               when 'pg_constraint'::regclass then
                   (select k.connamespace from pg_constraint k where k.oid = d.objid)
               when 'pg_rewrite'::regclass then
                   (select c.relnamespace from pg_rewrite w join pg_class c on c.oid = w.ev_class
                     where w.oid = d.objid)
               when 'pg_attrdef'::regclass then
                   (select c.relnamespace from pg_attrdef f join pg_class c on c.oid = f.adrelid
                     where f.oid = d.objid)
               when 'pg_policy'::regclass then
                   (select c.relnamespace from pg_policy p join pg_class c on c.oid = p.polrelid
                     where p.oid = d.objid)
               -- That of a foreign key is the constraint's, on both tables.
               when 'pg_trigger'::regclass then
                   (select coalesce(k.connamespace, c.relnamespace)
                      from pg_trigger t join pg_class c on c.oid = t.tgrelid
                      left join pg_constraint k on k.oid = t.tgconstraint
                     where t.oid = d.objid)
               end as schema) as home
     where r.is_inside and d.deptype <> 'e'
)
select distinct coalesce((select 'view ' || c.oid::regclass::text from pg_rewrite w
                            join pg_class c on c.oid = w.ev_class and c.relkind in ('v', 'm')
                           where r.classid = 'pg_rewrite'::regclass and w.oid = r.objid),
                         pg_describe_object(r.classid, r.objid, r.objsubid))
  from reached r
 where (not r.is_inside or r.is_inside is null)
   and not exists (select from pg_trigger t join pg_proc p on p.oid = t.tgfoid
                    where r.classid = 'pg_trigger'::regclass and t.oid = r.objid
                      and p.pronamespace = %schema and p.proname ~ '^capture_[0-9]+$')
 union
select pg_describe_object('pg_class'::regclass, i.inhparent, 0) || ', of which ' ||
       c.oid::regclass::text || ' is a part'
  from pg_class c
  join pg_inherits i on i.inhrelid = c.oid
  join pg_class p on p.oid = i.inhparent
 where c.relnamespace = %schema and p.relnamespace <> c.relnamespace
   and c.relkind in ('r', 'p', 'f')
 order by 1
)sql";

// Nothing that looks at our tables is made between the look at what does and the dropping.
void lock_tables(Transaction& transaction, const std::string& quoted) {
    const Result rows = transaction.exec(
        "select string_agg(format('%I.%I', n.nspname, c.relname), ', ' order by c.oid) "
        "from pg_class c join pg_namespace n on n.oid = c.relnamespace "
        "where c.relnamespace = to_regnamespace($1)::oid and c.relkind in ('r', 'p') "
        "and has_table_privilege(c.oid, 'insert, update, delete')",
        {quoted});
    if (rows.only().is_null(0)) return;
    transaction.exec("lock table only " + std::string(rows.only().text(0)) +
                     " in access exclusive mode");
}

void refuse_dependents(Transaction& transaction, const std::string& schema) {
    constexpr std::size_t named_max = 10;
    std::string query(dependents_query);
    const std::string home = "to_regnamespace('\"" + schema + "\"')::oid";
    for (std::size_t at = 0; (at = query.find("%schema", at)) != std::string::npos;) {
        query.replace(at, 7, home);
    }
    const Result rows = transaction.exec(query);
    if (rows.empty()) return;
    std::string names;
    std::size_t named = 0;
    for (const Row& row : rows) {
        if (++named > named_max) break;
        names += (names.empty() ? "" : "; ") + std::string(row.text(0));
    }
    const auto total = static_cast<std::size_t>(rows.size());
    if (total > named_max) names += "; and " + std::to_string(total - named_max) + " more";
    throw Error(ErrorCode::usage, "outside of " + schema +
                                      " there is what would be dropped, or lose a part, with it: " +
                                      names + "; drop or change that first");
}

// A role that something else uses (another database's environment of the same name) stays, and so
// does one that the current role may not drop.
void drop_role(Transaction& transaction, const std::string& role, UninstallReport& report) {
    if (transaction.exec("select from pg_roles where rolname = $1", {role}).empty()) return;
    transaction.exec("savepoint role", {});
    try {
        transaction.exec("drop role \"" + role + "\"", {});
        report.roles_dropped.push_back(role);
    } catch (const SqlError& error) {
        constexpr std::string_view dependent_objects_still_exist = "2BP01";
        constexpr std::string_view insufficient_privilege = "42501";
        const bool is_used = error.sqlstate() == dependent_objects_still_exist;
        if (!is_used && error.sqlstate() != insufficient_privilege) throw;
        transaction.exec("rollback to savepoint role", {});
        (is_used ? report.roles_kept : report.roles_left).push_back(role);
    }
}

}  // namespace

UninstallReport uninstall(Connection& connection, const std::string& schema,
                          const LockLimits& limits) {
    const std::string quoted = quoted_schema(schema);
    UninstallReport report;
    with_patience(connection, limits, "uninstalling " + schema, [&] {
        report = {};
        Transaction transaction(connection);
        transaction.exec(lock_text(limits));
        if (!read_state(transaction, schema).is_environment) {
            throw Error(ErrorCode::not_installed,
                        schema +
                            " is no environment in this database; see `baton environment "
                            "list`");
        }
        lock_tables(transaction, quoted);
        refuse_dependents(transaction, schema);
        transaction.exec("drop schema " + quoted + " cascade");
        for (const std::string& role : group_roles(schema)) drop_role(transaction, role, report);
        transaction.commit();
    });
    return report;
}

}  // namespace baton::sql
