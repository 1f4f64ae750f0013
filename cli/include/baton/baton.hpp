// Everything that an application needs of Baton: events, reducers, dispatch, tasks, handlers, and
// the App.
#pragma once

#include "baton/cli/app.hpp"                // IWYU pragma: export
#include "baton/node_agent/handlers.hpp"    // IWYU pragma: export
#include "baton/node_agent/set_member.hpp"  // IWYU pragma: export
#include "baton/reducers/reducer.hpp"       // IWYU pragma: export
#include "baton/sql/dispatch.hpp"           // IWYU pragma: export
#include "baton/sql/enqueue.hpp"            // IWYU pragma: export
#include "baton/sql/schedule.hpp"           // IWYU pragma: export
#include "baton/sql/task_set.hpp"           // IWYU pragma: export
#include "baton/sql/workflow.hpp"           // IWYU pragma: export
