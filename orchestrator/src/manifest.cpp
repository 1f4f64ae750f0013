#include "manifest.hpp"

#include <algorithm>
#include <utility>

#include "baton/base/error.hpp"
#include "baton/base/log.hpp"
#include "baton/base/program.hpp"
#include "baton/base/text.hpp"

namespace baton::orchestrator {
namespace {

[[noreturn]] void refuse(const ViewSet& declared, const std::string& why) {
    throw Error(ErrorCode::settings_invalid, "view set " + declared.name + " " + why);
}

}  // namespace

Manifest::Manifest(const OrchestratorOptions& options, const Registry& registry)
    : options_(options), registry_(registry) {
    std::vector<Member> free;
    for (std::size_t i = 0; i < registry.reducers().size(); ++i) {
        free.push_back({registry.reducers()[i].name, registry.reducers()[i].version, i, false});
    }
    for (std::size_t i = 0; i < options.sql_reducers.size(); ++i) {
        free.push_back({options.sql_reducers[i].name, options.sql_reducers[i].version, i, true});
    }
    for (const ViewSet& declared : options.view_sets) add_declared(declared, free);
    for (const Member& member : free) {
        if (std::ranges::any_of(sets_, [&](const Set& s) { return s.set.name == member.view; })) {
            throw Error(ErrorCode::settings_invalid,
                        "view set " + member.view +
                            " has the name of a view that is not in it; rename the set");
        }
        sets_.push_back({{member.view, member.version, {{member.view, member.version}}}, {member}});
    }
}

void Manifest::add_declared(const ViewSet& declared, std::vector<Member>& free) {
    if (!is_plain_name(declared.name, 48)) {
        refuse(declared, "has a name that does not match ^[a-z][a-z0-9_]{0,47}$");
    }
    if (declared.version < 1 || declared.version > 9999) {
        refuse(declared, "needs a version of 1 to 9999");
    }
    if (declared.views.empty()) refuse(declared, "has no views");
    if (std::ranges::any_of(sets_, [&](const Set& s) { return s.set.name == declared.name; })) {
        refuse(declared, "is declared twice");
    }
    Set set{{declared.name, declared.version, {}}, {}};
    for (const std::string& view : declared.views) {
        const auto found =
            std::ranges::find_if(free, [&](const Member& m) { return m.view == view; });
        if (found == free.end()) {
            refuse(declared, "names the view " + view +
                                 ", which no reducer here keeps, or which is in a set already");
        }
        set.set.members.push_back({found->view, found->version});
        set.members.push_back(std::move(*found));
        free.erase(found);
    }
    for (const SetHandler& handler : declared.handlers) {
        if (handler.name.empty() || handler.name.size() > 128) {
            refuse(declared, "names a handler that has no name of 1 to 128 bytes");
        }
        if (handler.version < 1 || handler.version > 9999) {
            refuse(declared, "needs a version of 1 to 9999 for the handler " + handler.name);
        }
        if (std::ranges::any_of(set.set.handlers,
                                [&](const auto& known) { return known.name == handler.name; })) {
            refuse(declared, "names the handler " + handler.name + " twice");
        }
        set.set.handlers.push_back({handler.name, handler.version});
    }
    sets_.push_back(std::move(set));
}

sql::Candidate Manifest::candidate() const {
    sql::Candidate candidate;
    candidate.node = options_.node;
    candidate.lease = options_.lease;
    candidate.credentials = options_.credentials;
    for (const Set& set : sets_) {
        candidate.view_sets.push_back({set.set.name, set.set.version});
        candidate.reducers.insert(candidate.reducers.end(), set.set.members.begin(),
                                  set.set.members.end());
    }
    return candidate;
}

std::string Manifest::version_of(const std::string& set) const {
    for (const Set& carried : sets_) {
        if (carried.set.name == set) return sql::to_text({set, carried.set.version});
    }
    return {};
}

std::string Manifest::build_of(const Member& member) const {
    if (member.is_sql) return options_.sql_reducers[member.index].build;
    const ReducerInfo& info = registry_.reducers()[member.index];
    return build_with_program(info.build, info.follows_program, options_.program);
}

void Manifest::check_builds(sql::Connection& connection) const {
    for (const sql::KnownVersion& known : sql::read_known_versions(connection)) {
        for (const Set& set : sets_) {
            for (const Member& member : set.members) {
                if (known.view != member.view || known.version != member.version) continue;
                if (known.build == build_of(member)) continue;
                throw Error(ErrorCode::build_mismatch,
                            "reducer " + sql::to_text({member.view, member.version}) +
                                " was registered with build " + known.build +
                                ", this one is build " + build_of(member) +
                                ": give it a new version");
            }
        }
    }
}

sql::Registered Manifest::register_reducer(sql::Transaction& transaction, const Member& member,
                                           bool is_live) const {
    if (member.is_sql) {
        return sql::register_reducer(transaction, options_.sql_reducers[member.index],
                                     options_.other_builds, is_live);
    }
    ReducerInfo info = registry_.reducers()[member.index];
    info.build = build_of(member);
    return sql::register_reducer(transaction, info, options_.other_builds, is_live);
}

std::optional<Position> Manifest::start_from_former(sql::Connection& connection,
                                                    const Member& member,
                                                    const sql::BuildClaim& claim) const {
    if (member.is_sql) return sql::start_from_former(connection, claim);
    const std::unique_ptr<Migration> migration = registry_.start_migration(member.index);
    if (!migration) return std::nullopt;
    return sql::start_from_former(connection, claim, registry_.reducers()[member.index],
                                  *migration);
}

std::unique_ptr<View> Manifest::make_view(sql::Connection& connection, const Member& member) const {
    if (member.is_sql) return make_sql_view(options_.sql_reducers[member.index], options_.lease);
    return make_cpp_view(connection, registry_.reducers()[member.index],
                         registry_.start_fold(member.index), options_.lease);
}

void report_built_anew(const Manifest::Member& member) {
    log().info("view {} is built anew from the log: its reducer has another build than before",
               sql::to_text({member.view, member.version}));
}

}  // namespace baton::orchestrator
