#include "baton/node_agent/node_agent.hpp"

#include <utility>

#include "agent.hpp"

namespace baton {

NodeAgent::NodeAgent(NodeOptions options, const Handlers& handlers, const Followers& followers)
    : agent_(std::make_unique<node::Agent>(std::move(options), handlers, followers)) {}

NodeAgent::~NodeAgent() = default;

void NodeAgent::run() { agent_->run(); }

void NodeAgent::stop() noexcept { agent_->stop(); }

int NodeAgent::left_running() const { return agent_->running(); }

bool NodeAgent::is_registered() const noexcept { return agent_->is_registered(); }

}  // namespace baton
