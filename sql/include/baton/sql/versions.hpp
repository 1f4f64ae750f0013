// Versions of view sets, beside each other: one is live, others are built or kept warm by processes
// that carry them, and a promotion switches. The rules are the database's: see
// register_set.sql, claim_builds.sql and switch_versions.sql.
//
// Threads: no state but the connection's.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "baton/reducers/migration.hpp"
#include "baton/sql/leadership.hpp"
#include "baton/sql/view_store.hpp"

namespace baton::sql {

enum class SetState : std::uint8_t {
    unregistered,  ///< Only a leader can say what becomes of it.
    older,         ///< Never here, and older than the live one: nothing is built for it.
    building,
    live,
    warm,
    retired,
};

/// A view set as a process carries it.
struct SetVersion {
    std::string name;
    int version = 0;
    std::vector<Versioned> members;
    std::vector<Versioned> handlers{};
};

/// Makes the set known, for the leader: one that is not live in any version becomes so. Throws
/// Error: build_mismatch (the version is known with other members), reducer_invalid
/// (its name is a handler's, or a handler of it is in another set), deposed.
SetState register_set(Transaction& transaction, const SetVersion& set);
/// The same for who keeps what is not live. Throws Error as lead() does where the machine is not
/// admitted.
SetState register_set(Transaction& transaction, const SetVersion& set,
                      const MachineCredentials& member);

/// Takes back a version of a set that has shown nothing yet, so that its number can be used again.
void withdraw_version(Transaction& transaction, const SetVersion& set);

/// Lets the public view show whichever version is live, this one included. Throws
/// Error(lock_unavailable) while somebody reads it for long, and can be tried again.
void show_view(Connection& connection, const std::string& view, int version);

/// A view version that is not live, kept by this session.
struct BuildClaim {
    std::string view;
    int version = 0;
    std::int64_t claim = 0;
    ViewStanding standing;  ///< `following`: it was at the log's end.
};

/// Takes on every build that the candidate carries and nobody keeps. Throws Error as lead() does
/// where the machine is not admitted.
[[nodiscard]] std::vector<BuildClaim> claim_builds(Connection& connection,
                                                   const Candidate& candidate);

/// Notes where a build stands. Throws Error(deposed) unless it is still this session's; the
/// transaction can then only end.
void note_build(Transaction& transaction, const BuildClaim& build, const ViewStanding& standing,
                const std::optional<std::string>& reason);

/// Fills a new build with rows made of a former version's, if the reducer can do that and those are
/// there; says at which position it stands then. Throws Error: reducer_invalid (the rows cannot be
/// made; says why), deposed.
std::optional<Position> start_from_former(Connection& connection, const BuildClaim& build,
                                          const ReducerInfo& info, Migration& migration);
/// The same for a SQL reducer, whose file makes a function <view>__v<N>_from_v<M>.
std::optional<Position> start_from_former(Connection& connection, const BuildClaim& build);

[[nodiscard]] ViewStanding read_build_standing(Transaction& transaction, const std::string& view,
                                               int version);

/// A reducer's version as the environment has it.
struct KnownVersion {
    std::string view;
    int version = 0;
    bool is_sql = false;
    std::string build;
    std::string columns;
};
[[nodiscard]] std::vector<KnownVersion> read_known_versions(Connection& connection);
[[nodiscard]] std::optional<KnownVersion> read_known_version(Transaction& transaction,
                                                             const std::string& view, int version);

/// The version that readers of the view see, if there is one.
[[nodiscard]] std::optional<int> read_live_version(Transaction& transaction,
                                                   const std::string& view);

/// Asks for a promotion; the process that keeps the builds carries it out. Returns its id. Throws
/// Error: version_unknown, promotion_refused.
[[nodiscard]] std::int64_t promote(Connection& connection, const std::vector<std::string>& sets,
                                   const std::vector<int>& versions, bool when_ready);

struct OpenPromotion {
    std::int64_t id;
    std::vector<std::string> view_sets;  ///< Those that are to switch.
};

/// The promotion that this session can carry out, if one is asked for.
[[nodiscard]] std::optional<OpenPromotion> open_promotion(Connection& connection,
                                                          const Candidate& candidate);
/// It will not be carried out.
void refuse_promotion(Connection& connection, std::int64_t promotion, std::string_view reason);

/// Carries it out, in a transaction of its own; returns the position at which the views changed
/// over. Throws Error: promotion_refused, deposed.
Position switch_versions(Connection& connection, std::int64_t promotion, Epoch epoch);

/// Gives up versions that were kept warm for longer than `rollback_window`; says which, or "".
[[nodiscard]] std::string retire_old_versions(Connection& connection,
                                              std::chrono::milliseconds rollback_window);
/// Drops what one retired version left; says which, or "" if there is nothing. Throws
/// Error(lock_unavailable) while somebody reads the view for long.
[[nodiscard]] std::string drop_retired_version(Connection& connection);

}  // namespace baton::sql
