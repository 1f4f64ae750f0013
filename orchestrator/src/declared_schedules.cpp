#include "declared_schedules.hpp"

#include "baton/base/error.hpp"
#include "baton/base/log.hpp"
#include "baton/sql/failure.hpp"

namespace baton::orchestrator {

void DeclaredSchedules::declare(sql::Connection& connection) {
    std::erase_if(left_, [&](const DeclaredSchedule& each) { return say(connection, each); });
}

bool DeclaredSchedules::say(sql::Connection& connection, const DeclaredSchedule& schedule) {
    try {
        sql::Transaction transaction(connection);
        const Scheduled came = baton::schedule(transaction.raw(), schedule.name, schedule.spec,
                                               schedule.of, schedule.payload, schedule.options);
        transaction.commit();
        if (came != Scheduled::same) {
            log_line(spdlog::level::info,
                     came == Scheduled::added ? "schedule added" : "schedule changed",
                     {{"schedule", schedule.name}, {"declared_at", schedule.origin}});
        }
        return true;
    } catch (const Error& error) {
        if (sql::is_passing(error) || error.code() == ErrorCode::connection_lost) throw;
        const bool waits = error.code() == ErrorCode::handler_unknown ||
                           error.code() == ErrorCode::event_type_unknown;
        if (!waits || waiting_.insert(schedule.name).second) {
            log_line(waits ? spdlog::level::info : spdlog::level::err,
                     waits ? "schedule waits for what it is of" : "schedule was refused",
                     {{"schedule", schedule.name},
                      {"declared_at", schedule.origin},
                      {"reason", with_code(error.code(), error.what())}});
        }
        return !waits;
    }
}

}  // namespace baton::orchestrator
