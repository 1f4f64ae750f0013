// What one includes to write a reducer: fields, the types that fields can have, events, rows.
#pragma once

#include "baton/reducers/effects.hpp"
#include "baton/reducers/fold_of.hpp"
#include "baton/reducers/rows.hpp"
#include "baton/types/date.hpp"
#include "baton/types/decimal.hpp"
#include "baton/types/event.hpp"
#include "baton/types/fields.hpp"
#include "baton/types/json.hpp"
#include "baton/types/uuid.hpp"
