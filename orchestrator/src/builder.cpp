#include "builder.hpp"

#include <algorithm>
#include <utility>

#include "baton/base/log.hpp"
#include "baton/sql/failure.hpp"
#include "baton/sql/recorded_reader.hpp"
#include "blame.hpp"

namespace baton::orchestrator {
namespace {

// How long a set is gone on with while others wait, so that what was read ahead for it is used.
constexpr std::chrono::seconds turn_length{1};

}  // namespace

Builder::Builder(const OrchestratorOptions& options, const Registry& registry,
                 const Manifest& manifest, sql::Connection& connection)
    : options_(options),
      manifest_(manifest),
      connection_(connection),
      leases_(options.lease),
      catch_up_(options, registry, CatchUp::Reading::ahead) {}

void Builder::look(bool registers) {
    if (registers || has_to_register_) register_sets();
    claim();
    show();
    resume();
}

void Builder::register_sets() {
    const bool was_put_off = std::exchange(has_to_register_, false);
    for (const Manifest::Set& set : manifest_.sets()) {
        sql::Transaction transaction(connection_);
        const sql::SetState state = sql::register_set(transaction, set.set, options_.credentials);
        const bool is_built = state == sql::SetState::building || state == sql::SetState::warm;
        std::vector<const Manifest::Member*> anew;
        const auto is_registered = [&](const Manifest::Member& member) {
            const sql::Registered registered =
                manifest_.register_reducer(transaction, member, false);
            if (registered == sql::Registered::to_be_built_anew) anew.push_back(&member);
            return registered != sql::Registered::kept_by_another;
        };
        if (is_built && !std::ranges::all_of(set.members, is_registered)) {
            has_to_register_ = true;
            if (was_put_off) continue;
            log().warn(
                "view set {}@{} waits: another process keeps it, with another build; end "
                "that one",
                set.set.name, set.set.version);
            continue;
        }
        transaction.commit();
        for (const Manifest::Member* const member : anew) report_built_anew(*member);
        const auto kept = std::ranges::find_if(kept_, [&](const Kept& k) { return k.set == &set; });
        if (kept != kept_.end()) {
            kept->state = state;
        } else if (is_built) {
            kept_.push_back({&set, state, {}});
        } else if (!was_put_off &&
                   (state == sql::SetState::retired || state == sql::SetState::older)) {
            log().warn("view set {}@{} is {}: nothing is built for it", set.set.name,
                       set.set.version,
                       state == sql::SetState::retired ? "retired" : "older than the live version");
        }
    }
}

// A version that cannot begin must not keep its number.
void Builder::withdraw(const Kept& kept) {
    sql::Transaction transaction(connection_);
    sql::withdraw_version(transaction, kept.set->set);
    transaction.commit();
}

void Builder::require_whole_log(const Kept& kept, const sql::BuildClaim& claim) {
    try {
        sql::require_whole_log(connection_, "view " + claim.view + "@" +
                                                std::to_string(claim.version) +
                                                " has to read the log from its first event");
    } catch (const sql::SqlError& error) {
        if (error.sqlstate() != "BT071") throw;
        withdraw(kept);
        throw;
    }
}

std::optional<Position> Builder::start_from_former(const Kept& kept, const Manifest::Member& member,
                                                   const sql::BuildClaim& claim) {
    try {
        return manifest_.start_from_former(connection_, member, claim);
    } catch (const Error& error) {
        if (error.code() != ErrorCode::reducer_invalid) throw;
        withdraw(kept);
        throw;
    }
}

void Builder::claim() {
    // Of other sets it would keep what it does not fold.
    sql::Candidate candidate = manifest_.candidate();
    candidate.reducers.clear();
    for (const Kept& kept : kept_) {
        const std::vector<sql::Versioned>& members = kept.set->set.members;
        if (kept.state == sql::SetState::building || kept.state == sql::SetState::warm) {
            candidate.reducers.insert(candidate.reducers.end(), members.begin(), members.end());
        }
    }
    for (sql::BuildClaim& claim : sql::claim_builds(connection_, candidate)) {
        // A version that was taken into no event yet.
        const bool is_new = claim.standing.position == Position{0};
        for (Kept& kept : kept_) {
            const auto member = std::ranges::find_if(
                kept.set->members, [&](const Manifest::Member& m) { return m.view == claim.view; });
            if (member == kept.set->members.end()) continue;
            if (is_new) {
                if (const auto position = start_from_former(kept, *member, claim)) {
                    // Whatever it was before: it is noted as a build that begins.
                    claim.standing = {sql::ViewState::behind, *position};
                } else {
                    require_whole_log(kept, claim);
                }
            }
            std::unique_ptr<View> view = manifest_.make_view(connection_, *member);
            view->set = kept.set->set.name;
            view->standing = claim.standing;
            kept.views.push_back(view.get());
            unshown_.push_back(view.get());
            views_.push_back(std::move(view));
            log_line(spdlog::level::info, "building beside what is live",
                     {{"view", claim.view},
                      {"version", claim.version},
                      {"position", claim.standing.position}});
        }
        leases_.add(std::move(claim));
    }
}

void Builder::show() {
    try {
        while (!unshown_.empty()) {
            const View& view = *unshown_.back();
            sql::show_view(connection_, view.name(), view.version());
            unshown_.pop_back();
        }
    } catch (const Error& error) {
        // It is needed for the promotion only.
        if (!sql::is_passing(error)) throw;
        log().debug("public view not made yet: {}", error.what());
    }
}

// Whether each is a build still: it may have been retired, and no event come that would tell.
void Builder::resume() {
    for (const std::unique_ptr<View>& view : views_) {
        sql::Transaction transaction(connection_);
        const sql::ViewStanding standing =
            sql::read_build_standing(transaction, view->name(), view->version());
        const bool is_resolved = standing.state != sql::ViewState::halted;
        if (view->standing.state != sql::ViewState::halted || !is_resolved) continue;
        view->standing = standing;
        view->rolled_back();
    }
}

bool Builder::step() {
    return step_of([](const Kept&) { return true; });
}

bool Builder::step(const std::vector<std::string>& sets) {
    return step_of([&](const Kept& kept) {
        return std::ranges::find(sets, kept.set->set.name) != sets.end();
    });
}

bool Builder::is_put_off(const std::vector<std::string>& sets) const {
    return std::ranges::any_of(views_, [&](const std::unique_ptr<View>& view) {
        return view->aside_until && std::ranges::find(sets, view->set) != sets.end();
    });
}

template <class Choice>
bool Builder::step_of(Choice&& is_chosen) {
    if (views_.empty()) return false;
    const sql::Checkpoint checkpoint = sql::read_checkpoint(connection_);
    const Position head{static_cast<std::int64_t>(checkpoint.next_position) - 1};
    for (const std::unique_ptr<View>& view : views_) {
        sql::ViewStanding& standing = view->standing;
        if (standing.state == sql::ViewState::following && standing.position < head) {
            standing.state = sql::ViewState::behind;
        }
    }
    const FoldContext context{connection_, options_, leases_, slow_};
    try {
        if (Clock::now() - turn_began_ > turn_length) next_turn();
        for (std::size_t tried = 0; tried < kept_.size(); ++tried, next_turn()) {
            const Kept& kept = kept_[turn_];
            if (is_chosen(kept) && catch_up_.step(context, kept.views, head)) return true;
        }
    } catch (const Error& error) {
        if (error.code() != ErrorCode::event_unknown) throw;
        throw Error(error.code(), std::string("cannot build from the log: ") + error.what() +
                                      "; let the reducer begin with the rows of a former version"
                                      " (docs/rollout.md)");
    }
    return false;
}

void Builder::next_turn() {
    turn_ = (turn_ + 1) % kept_.size();
    turn_began_ = Clock::now();
}

std::vector<const sql::SetVersion*> Builder::ready_sets() const {
    std::vector<const sql::SetVersion*> sets;
    for (const Kept& kept : kept_) {
        if (kept.state != sql::SetState::building) continue;
        for (const View* const view : kept.views) {
            if (view->standing.state != sql::ViewState::following) return {};
        }
        sets.push_back(&kept.set->set);
    }
    return unshown_.empty() ? sets : std::vector<const sql::SetVersion*>{};
}

}  // namespace baton::orchestrator
