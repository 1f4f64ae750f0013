// What one includes to write a reducer: fields, the types that fields can have, events, rows.
#pragma once

#include "baton/reducers/date.hpp"
#include "baton/reducers/decimal.hpp"
#include "baton/reducers/event.hpp"
#include "baton/reducers/fields.hpp"
#include "baton/reducers/fold_of.hpp"
#include "baton/reducers/json.hpp"
#include "baton/reducers/rows.hpp"
#include "baton/reducers/uuid.hpp"
