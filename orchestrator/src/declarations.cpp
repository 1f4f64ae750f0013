#include "declarations.hpp"

#include "baton/base/error.hpp"
#include "baton/base/log.hpp"
#include "baton/sql/failure.hpp"
#include "baton/sql/workflow.hpp"

namespace baton::orchestrator {

Declarations::Declarations(const std::vector<DeclaredSchedule>& schedules,
                           const std::vector<DeclaredWorkflow>& workflows) {
    for (const DeclaredSchedule& each : schedules) {
        left_.push_back({"schedule", each.name, each.origin, [each](auto& transaction) {
                             const Scheduled came =
                                 baton::schedule(transaction, each.name, each.spec, each.of,
                                                 each.payload, each.options);
                             return came == Scheduled::same    ? std::string()
                                    : came == Scheduled::added ? std::string("added")
                                                               : std::string("changed");
                         }});
    }
    for (const DeclaredWorkflow& each : workflows) {
        left_.push_back({"workflow", each.name + "@" + std::to_string(each.version), each.origin,
                         [each](auto& transaction) {
                             baton::define_workflow(transaction, each.name, each.version,
                                                    each.steps, each.on_failure);
                             return std::string("defined");
                         }});
    }
}

void Declarations::declare(sql::Connection& connection) {
    std::erase_if(left_, [&](const Declaration& each) { return say(connection, each); });
}

bool Declarations::say(sql::Connection& connection, const Declaration& declared) {
    try {
        sql::Transaction transaction(connection);
        const std::string came = declared.say(transaction.raw());
        transaction.commit();
        if (!came.empty()) {
            log_line(spdlog::level::info, declared.kind + " " + came,
                     {{declared.kind, declared.name}, {"declared_at", declared.origin}});
        }
        return true;
    } catch (const Error& error) {
        if (sql::is_passing(error) || error.code() == ErrorCode::connection_lost) throw;
        const bool waits = error.code() == ErrorCode::handler_unknown ||
                           error.code() == ErrorCode::event_type_unknown;
        if (!waits || waiting_.insert(declared.kind + " " + declared.name).second) {
            log_line(waits ? spdlog::level::info : spdlog::level::err,
                     declared.kind + (waits ? " waits for what it is of" : " was refused"),
                     {{declared.kind, declared.name},
                      {"declared_at", declared.origin},
                      {"reason", with_code(error.code(), error.what())}});
        }
        return !waits;
    }
}

}  // namespace baton::orchestrator
