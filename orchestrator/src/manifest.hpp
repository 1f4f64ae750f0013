// What this process carries: its reducers, in view sets. A view that is in no declared set is a set
// of its own.
//
// Threads: constant after construction. Lifetime: the options and the registry must outlive it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "baton/orchestrator/options.hpp"
#include "baton/sql/versions.hpp"
#include "view.hpp"

namespace baton::orchestrator {

class Manifest {
public:
    struct Member {
        std::string view;
        int version;
        std::size_t index;  ///< Among the registry's reducers, or the SQL reducers.
        bool is_sql;
    };
    struct Set {
        sql::SetVersion set;
        std::vector<Member> members;
    };

    /// Throws Error(settings_invalid) where the declared sets do not fit the reducers.
    Manifest(const OrchestratorOptions& options, const Registry& registry);

    [[nodiscard]] const std::vector<Set>& sets() const { return sets_; }
    /// As the database is to know this process.
    [[nodiscard]] sql::Candidate candidate() const;

    /// "set@version", or "" where it carries none.
    [[nodiscard]] std::string version_of(const std::string& set) const;
    /// Throws Error(build_mismatch) where a version is known with another build.
    void check_builds(sql::Connection& connection) const;

    [[nodiscard]] sql::Registered register_reducer(sql::Transaction& transaction,
                                                   const Member& member, bool is_live) const;
    /// Behind which position the effects of a live version's events are still to happen; none for a
    /// SQL reducer that has no function for them.
    [[nodiscard]] static std::optional<Position> read_effects_after(sql::Transaction& transaction,
                                                                    const Member& member);
    /// Lets a new build begin with the rows of a former version, where the reducer can do that.
    /// Returns where it stands then. Throws as sql::start_from_former() does.
    std::optional<Position> start_from_former(sql::Connection& connection, const Member& member,
                                              const sql::BuildClaim& claim) const;
    /// The reducer must be registered, and the connection outlive the view.
    [[nodiscard]] std::unique_ptr<View> make_view(sql::Connection& connection,
                                                  const Member& member) const;

private:
    [[nodiscard]] std::string build_of(const Member& member) const;
    void add_declared(const ViewSet& declared, std::vector<Member>& free);

    const OrchestratorOptions& options_;
    const Registry& registry_;
    std::vector<Set> sets_;
};

/// Says that a registration was sql::Registered::to_be_built_anew, once it is committed.
void report_built_anew(const Manifest::Member& member);

}  // namespace baton::orchestrator
