// What a node tells the database of what it carries, be it an Agent or a Drain.
//
// Threads: no state.
#pragma once

#include <string>
#include <vector>

#include "baton/node_agent/handlers.hpp"
#include "baton/node_agent/workflow.hpp"
#include "baton/sql/node_session.hpp"

namespace baton::node {

/// The handlers, as a node registers them. `program`: see NodeOptions.
[[nodiscard]] std::vector<sql::CarriedHandler> carried_by(const Handlers& handlers,
                                                          const std::string& program);

/// Throws Error(workflow_invalid).
void define_workflows(sql::Connection& connection, const std::vector<Workflow>& workflows);

}  // namespace baton::node
