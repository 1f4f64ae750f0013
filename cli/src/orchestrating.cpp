#include "orchestrating.hpp"

#include <algorithm>
#include <map>

#include "baton/base/error.hpp"
#include "baton/base/program.hpp"
#include "baton/base/text.hpp"
#include "baton/environments/machine.hpp"

namespace baton::cli {
namespace {

namespace fs = std::filesystem;

std::vector<sql::SqlReducer> read_sql_reducers(const App& app, const std::vector<fs::path>& files) {
    std::map<std::string, std::string> origins;  // by name
    for (const ReducerInfo& info : app.registry().reducers()) {
        origins.emplace(info.name, "this program");
    }
    std::vector<fs::path> seen;
    std::vector<sql::SqlReducer> reducers;
    for (const fs::path& file : files) {
        const fs::path canonical = fs::weakly_canonical(file);
        if (std::ranges::find(seen, canonical) != seen.end()) continue;
        seen.push_back(canonical);
        sql::SqlReducer reducer = sql::read_sql_reducer(file.string());
        const auto [other, is_new] = origins.emplace(reducer.name, reducer.origin);
        if (!is_new) {
            throw Error(ErrorCode::reducer_invalid,
                        "SQL reducer " + reducer.origin + ": " + other->second +
                            " has a reducer of the name " + reducer.name + " too; rename one");
        }
        reducers.push_back(std::move(reducer));
    }
    return reducers;
}

std::vector<std::string_view> carried_views(const App& app,
                                            const std::vector<sql::SqlReducer>& sql_reducers) {
    std::vector<std::string_view> views;
    for (const ReducerInfo& info : app.registry().reducers()) views.emplace_back(info.name);
    for (const sql::SqlReducer& reducer : sql_reducers) views.emplace_back(reducer.name);
    return views;
}

// "which no reducer here keeps; …", with the view that was meant.
std::string not_kept(std::string_view view, const std::vector<std::string_view>& views) {
    std::string known;
    for (const std::string_view name : views) {
        known += (known.empty() ? "" : ", ") + std::string(name);
    }
    const auto near = nearest(view, views);
    return "names " + json_quoted(view) + ", which no reducer here keeps; " +
           (near ? "did you mean " + json_quoted(*near) + "?"
                 : "there are " + (known.empty() ? "none" : known));
}

// The sets of the program and those of the file. What is wrong with one set by itself, the
// orchestrator says.
std::vector<ViewSet> merged_view_sets(const App& app, const environments::Environment& environment,
                                      const std::vector<std::string_view>& views) {
    std::vector<ViewSet> sets = app.view_sets();
    std::string problems;
    const auto report = [&](const std::string& origin, const std::string& what) {
        problems += (problems.empty() ? "" : "\n") + origin + ": " + what;
    };
    for (const auto& [name, set] : environment.view_sets) {
        const std::string& origin = set.origin;
        if (std::ranges::find(app.view_sets(), name, &ViewSet::name) != app.view_sets().end()) {
            report(origin, "the view set " + json_quoted(name) +
                               " is declared here, and by this program too "
                               "(App::add_view_set); leave one of them out");
        }
        for (const std::string& view : set.value.views) {
            if (std::ranges::find(views, view) != views.end()) continue;
            report(origin, "view_sets." + name + " " + not_kept(view, views));
        }
        ViewSet& merged = sets.emplace_back();
        merged = {name, set.value.version, set.value.views};
        for (const auto& [handler, version] : set.value.handlers) {
            merged.handlers.push_back({handler, version});
        }
    }
    if (!problems.empty()) throw Error(ErrorCode::settings_invalid, problems);
    return sets;
}

// A policy for a view that does not exist would leave the one that was meant with the usual policy.
void check_policies(const environments::Environment& environment,
                    const std::vector<std::string_view>& views) {
    std::string problems;
    for (const auto& [view, policy] : environment.on_poison_of_view) {
        if (std::ranges::find(views, view) != views.end()) continue;
        problems += (problems.empty() ? "" : "\n") + policy.origin + ": policy.views " +
                    not_kept(view, views);
    }
    if (!problems.empty()) throw Error(ErrorCode::settings_invalid, problems);
}

}  // namespace

OrchestratorOptions fold_options(const environments::Environment& environment) {
    OrchestratorOptions options;
    options.url = environment.url.value;
    options.schema = environment.schema();
    options.batch_max = static_cast<std::size_t>(environment.batch_max.value);
    options.other_builds = environment.kind.value == environments::Kind::development;
    if (environment.follow_program.value) options.program = program_digest();
    options.on_poison = [environment](std::string_view view) {
        return environment.on_poison_for(view) == environments::OnPoison::skip ? PoisonPolicy::skip
                                                                               : PoisonPolicy::halt;
    };
    return options;
}

namespace {

std::optional<std::string> given(const std::string& text) {
    return text.empty() ? std::nullopt : std::optional(text);
}

std::optional<Timestamp> moment(const std::string& text, const std::string& origin,
                                const std::string& key) {
    if (text.empty()) return std::nullopt;
    if (const auto parsed = Timestamp::from_text(text)) return parsed;
    throw Error(ErrorCode::settings_invalid,
                origin + ": schedule." + key + " must be a moment with its distance from UTC, as " +
                    json_quoted("2026-12-01T00:00:00+01:00") + ", not " + json_quoted(text));
}

}  // namespace

std::vector<DeclaredSchedule> declared_schedules(const environments::Environment& environment) {
    std::vector<DeclaredSchedule> declared;
    for (const auto& [said, origin] : environment.schedules) {
        declared.push_back({.origin = origin,
                            .name = said.name,
                            .spec = said.spec,
                            .of = {given(said.handler), given(said.event)},
                            .payload = said.payload,
                            .options = {.zone = said.zone,
                                        .key = given(said.key),
                                        .tenant = given(said.tenant),
                                        .priority = said.priority,
                                        .labels = said.labels,
                                        .overlap = given(said.overlap),
                                        .missed = said.missed,
                                        .missed_limit = said.missed_limit,
                                        .missed_window = said.missed_window,
                                        .jitter = said.jitter,
                                        .starts_at = moment(said.starts_at, origin, "starts_at"),
                                        .ends_at = moment(said.ends_at, origin, "ends_at")}});
    }
    return declared;
}

std::vector<DeclaredWorkflow> declared_workflows(const environments::Environment& environment) {
    std::vector<DeclaredWorkflow> declared;
    for (const auto& [said, origin] : environment.workflows) {
        declared.push_back({origin, said.name, said.version, said.steps, said.on_failure});
    }
    return declared;
}

OrchestratorOptions orchestrator_options(const App& app,
                                         const environments::Environment& environment,
                                         const std::vector<std::string>& files) {
    std::vector<fs::path> paths = app.sql_reducers();
    paths.insert(paths.end(), files.begin(), files.end());
    const std::vector<fs::path>& of_file = environment.sql_reducers.value;
    paths.insert(paths.end(), of_file.begin(), of_file.end());

    OrchestratorOptions options = fold_options(environment);
    options.node = environments::node_name();
    options.lease = environment.lease.value;
    options.poll = environment.poll.value;
    options.sql_reducers = read_sql_reducers(app, paths);
    const std::vector<std::string_view> views = carried_views(app, options.sql_reducers);
    check_policies(environment, views);
    options.view_sets = merged_view_sets(app, environment, views);
    options.auto_promote = environment.auto_promote.value;
    options.rollback_window = environment.rollback_window.value;
    options.snapshots = {environment.snapshot_every.value,
                         static_cast<int>(environment.snapshots_max.value)};
    options.schedules = declared_schedules(environment);
    options.workflows = declared_workflows(environment);
    return options;
}

}  // namespace baton::cli
