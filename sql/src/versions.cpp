#include "baton/sql/versions.hpp"

#include "baton/base/error.hpp"
#include "credentials.hpp"

namespace baton::sql {
namespace {

SetState set_state_of(std::string_view name) {
    if (name == "new") return SetState::unregistered;
    if (name == "older") return SetState::older;
    if (name == "building") return SetState::building;
    if (name == "live") return SetState::live;
    if (name == "warm") return SetState::warm;
    return SetState::retired;
}

ViewState build_state_of(std::string_view name) {
    if (name == "ready") return ViewState::following;
    if (name == "halted") return ViewState::halted;
    return ViewState::behind;
}

std::string_view build_state_name(ViewState state) {
    switch (state) {
        case ViewState::following:
            return "ready";
        case ViewState::halted:
            return "halted";
        case ViewState::behind:
            break;
    }
    return "building";
}

std::string integer_array(const std::vector<int>& numbers) {
    std::string literal = "{";
    for (const int number : numbers) {
        if (literal.size() > 1) literal += ',';
        literal += std::to_string(number);
    }
    return literal + "}";
}

// One row of one column, in a transaction of its own.
std::string ask(Connection& connection, const std::string& statement,
                std::initializer_list<Parameter> parameters) {
    Transaction transaction(connection);
    const Result result = transaction.exec_prepared(statement, parameters);
    std::string answer(result.only().text(0));
    transaction.commit();
    return answer;
}

}  // namespace

void prepare_versions(Connection& connection) {
    connection.prepare(
        "register_set",
        "select register_set($1, $2::integer, $3::versioned[], $4::boolean, $5, $6, $7,"
        " $8::bytea)");
    connection.prepare("show_view",
                       "select show_view($1, $2::integer) where not is_shown($1, $2::integer)");
    connection.prepare("claim_builds",
                       "select refused_code, refused_message, view, version, claim, position, state"
                       " from claim_builds(node => $1, reducers => $2::versioned[],"
                       " view_sets => $3::versioned[], environment => $4, machine_id => $5,"
                       " proof => $6, enrol_as => $7::bytea)");
    connection.prepare("note_build",
                       "select note_build($1, $2::integer, $3::bigint, $4::bigint, $5, $6)");
    connection.prepare("read_build_standing",
                       "select state, position from view_build where view = $1"
                       " and version = $2::integer");
    connection.prepare("promote", "select promote($1::text[], $2::integer[], $3::boolean)");
    connection.prepare("open_promotion", "select open_promotion($1::versioned[])");
    connection.prepare("promoted_sets", "select unnest(view_sets) from promotion_state($1)");
    connection.prepare("refuse_promotion", "select end_promotion($1::bigint, 'refused', $2)");
    connection.prepare("switch_versions", "select switch_versions($1::bigint, $2::bigint)");
    connection.prepare("retire_old_versions", "select retire_old_versions($1::interval)");
    connection.prepare("drop_retired_version", "select drop_retired_version()");
}

SetState register_set(Transaction& transaction, const SetVersion& set) {
    const Result result = transaction.exec_prepared(
        "register_set", {set.name, set.version, versioned_array(set.members), true, std::nullopt,
                         std::nullopt, std::nullopt, std::nullopt});
    return set_state_of(result.only().text(0));
}

SetState register_set(Transaction& transaction, const SetVersion& set,
                      const MachineCredentials& member) {
    const Shown shown = shown_in(transaction, member);
    const Result result = transaction.exec_prepared(
        "register_set", {set.name, set.version, versioned_array(set.members), false,
                         member.environment, member.machine_id, shown.proof, shown.enrol_as});
    return set_state_of(result.only().text(0));
}

void show_view(Connection& connection, const std::string& view, int version) {
    Transaction transaction(connection);
    transaction.exec_prepared("show_view", {view, version});
    transaction.commit();
}

std::vector<BuildClaim> claim_builds(Connection& connection, const Candidate& candidate) {
    const MachineCredentials& member = candidate.credentials;
    const Shown shown = shown_on(connection, member);
    Transaction transaction(connection);
    const Result result = transaction.exec_prepared(
        "claim_builds",
        {candidate.node, versioned_array(candidate.reducers), versioned_array(candidate.view_sets),
         member.environment, member.machine_id, shown.proof, shown.enrol_as});
    transaction.commit();
    std::vector<BuildClaim> claims;
    for (const Row row : result) {
        throw_refusal(row, 0, 1);
        BuildClaim& claim = claims.emplace_back();
        claim.view = row.text(2);
        claim.version = static_cast<int>(row.integer(3));
        claim.claim = row.integer(4);
        claim.standing = {build_state_of(row.text(6)), Position{row.integer(5)}};
    }
    return claims;
}

void note_build(Transaction& transaction, const BuildClaim& build, const ViewStanding& standing,
                const std::optional<std::string>& reason) {
    transaction.exec_prepared("note_build", {build.view, build.version, build.claim,
                                             static_cast<std::int64_t>(standing.position),
                                             build_state_name(standing.state), reason});
}

ViewStanding read_build_standing(Transaction& transaction, const std::string& view, int version) {
    const Result result = transaction.exec_prepared("read_build_standing", {view, version});
    if (result.empty()) {
        throw Error(ErrorCode::deposed, "the build of " + view + "@" + std::to_string(version) +
                                            " was promoted or retired");
    }
    return {build_state_of(result[0].text(0)), Position{result[0].integer(1)}};
}

std::int64_t promote(Connection& connection, const std::vector<std::string>& sets,
                     const std::vector<int>& versions, bool when_ready) {
    Transaction transaction(connection);
    const Result result = transaction.exec_prepared(
        "promote", {text_array(sets), integer_array(versions), when_ready});
    const std::int64_t id = result.only().integer(0);
    transaction.commit();
    return id;
}

std::optional<OpenPromotion> open_promotion(Connection& connection, const Candidate& candidate) {
    Transaction transaction(connection);
    const Result opened =
        transaction.exec_prepared("open_promotion", {versioned_array(candidate.view_sets)});
    const std::optional<std::int64_t> id = opened.only().integer_or_null(0);
    if (!id) {
        transaction.commit();
        return std::nullopt;
    }
    // A statement of its own: the snapshot of the first may be from before the promotion was asked
    // for, although the function, which takes newer ones, has found it.
    const Result sets = transaction.exec_prepared("promoted_sets", {*id});
    transaction.commit();
    OpenPromotion promotion{*id, {}};
    for (const Row row : sets) promotion.view_sets.emplace_back(row.text(0));
    return promotion;
}

void refuse_promotion(Connection& connection, std::int64_t promotion, std::string_view reason) {
    ask(connection, "refuse_promotion", {promotion, reason});
}

Position switch_versions(Connection& connection, std::int64_t promotion, Epoch epoch) {
    Transaction transaction(connection);
    const Result result =
        transaction.exec_prepared("switch_versions", {promotion, static_cast<std::int64_t>(epoch)});
    const Position position{result.only().integer(0)};
    transaction.commit();
    return position;
}

std::string retire_old_versions(Connection& connection, std::chrono::milliseconds rollback_window) {
    return ask(connection, "retire_old_versions",
               {std::to_string(rollback_window.count()) + " ms"});
}

std::string drop_retired_version(Connection& connection) {
    return ask(connection, "drop_retired_version", {});
}

}  // namespace baton::sql
