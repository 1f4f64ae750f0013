-- edit_distance: how many letters must be put in, left out or changed to make one text of another.
-- Internal, for messages.
--
-- Arguments   one, other: the texts. most: a greater distance does not matter.
-- Returns     the distance; null where it is greater than most.
-- Cost        the length times most: only what is near the diagonal is looked at, and nothing more
--             once all of that is too far.
create or replace function edit_distance(one text, other text, most integer)
returns integer
language plpgsql
immutable
strict
set search_path from current
as $$
declare
    far     constant integer := edit_distance.most + 1;
    letters constant text[] := pg_catalog.string_to_array(edit_distance.other, null);
    width   constant integer := length(edit_distance.other);
    letter  text;
    former  integer[] := array(select pg_catalog.generate_series(0, width));
    current integer[];
    nearest integer;
begin
    if abs(length(edit_distance.one) - width) > edit_distance.most then
        return null;
    end if;
    for i in 1..length(edit_distance.one) loop
        letter := substr(edit_distance.one, i, 1);
        current := pg_catalog.array_fill(far, array[width + 1]);
        current[1] := i;
        nearest := i;
        for j in greatest(1, i - edit_distance.most)..least(width, i + edit_distance.most) loop
            current[j + 1] := least(former[j + 1] + 1, current[j] + 1,
                                    former[j] + (letter <> letters[j])::integer);
            nearest := least(nearest, current[j + 1]);
        end loop;
        if nearest > edit_distance.most then
            return null;
        end if;
        former := current;
    end loop;
    return nullif(least(former[width + 1], far), far);
end;
$$;
