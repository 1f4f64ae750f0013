#include "carried.hpp"

#include "baton/base/program.hpp"

namespace baton::node {

std::vector<sql::CarriedHandler> carried_by(const Handlers& handlers, const std::string& program) {
    std::vector<sql::CarriedHandler> carried;
    for (const HandlerInfo& info : handlers.infos()) {
        carried.push_back(
            {info.name, info.version, build_with_program(info.build, info.follows_program, program),
             info.events, info.accepts_from, info.view, info.columns, info.lane_by_key, info.from});
    }
    return carried;
}

void define_workflows(sql::Connection& connection, const std::vector<Workflow>& workflows) {
    for (const Workflow& workflow : workflows) {
        sql::Transaction transaction(connection);
        transaction.exec("select define_workflow($1, $2::integer, $3::jsonb, $4)",
                         {workflow.name, workflow.version, workflow.steps, workflow.on_failure});
        transaction.commit();
    }
}

}  // namespace baton::node
