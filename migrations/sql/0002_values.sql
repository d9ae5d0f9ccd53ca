-- What may be asked of a path: which field it is, its one spelling, and its value in the one form that is kept and
-- compared. Every refusal names the place and the remedy.

-- The field of a path; one that ends in `.*` stands for every key there.
CREATE FUNCTION syncd.field_of(a_provider text, a_dialect text, a_path text) RETURNS syncd.fields
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    field syncd.fields%ROWTYPE;
BEGIN
    SELECT f.* INTO field FROM syncd.fields f
     WHERE f.provider = a_provider AND f.dialect = a_dialect AND f.path = a_path;
    IF NOT FOUND THEN
        SELECT f.* INTO field FROM syncd.fields f
         WHERE f.provider = a_provider AND f.dialect = a_dialect
           AND right(f.path, 2) = '.*' AND starts_with(a_path, left(f.path, -1))
         ORDER BY length(f.path) DESC LIMIT 1;
    END IF;
    RETURN field;
END $$;

-- The field that a change or a create of this account may set, or an error with those that it may.
CREATE FUNCTION syncd.offered_field(account syncd.accounts, path text, is_create boolean) RETURNS syncd.fields
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    field syncd.fields := syncd.field_of(account.provider, account.dialect, path);
    can   text;
BEGIN
    IF (CASE WHEN is_create THEN field.is_creatable ELSE field.is_changeable END) THEN
        RETURN field;
    END IF;
    SELECT format('%s can %s: %s', account.provider, CASE WHEN is_create THEN 'create with' ELSE 'change' END,
                  coalesce(string_agg(f.path, ', ' ORDER BY f.path), 'nothing')) INTO can
      FROM syncd.fields f
     WHERE f.provider = account.provider AND f.dialect = account.dialect
       AND CASE WHEN is_create THEN f.is_creatable ELSE f.is_changeable END;
    IF field.path IS NULL THEN
        RAISE EXCEPTION 'unknown path "%" for %', path, account.provider USING ERRCODE = 'SY003', HINT = can;
    ELSIF is_create THEN
        RAISE EXCEPTION '% cannot create with "%"', account.provider, path USING ERRCODE = 'SY003', HINT = can;
    ELSIF field.is_creatable THEN
        RAISE EXCEPTION '% cannot change "%"; it is only given when a campaign is created', account.provider, path
            USING ERRCODE = 'SY003', HINT = can;
    END IF;
    RAISE EXCEPTION '% cannot change "%"; it is read only there', account.provider, path
        USING ERRCODE = 'SY003', HINT = can;
END $$;

-- A path in its one spelling: a key of letters, digits, `-` and `_` is bare, any other one is quoted.
CREATE FUNCTION syncd.canonical_path(path text, field syncd.fields) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    stem text := left(field.path, -1);
    key  text := substr(path, length(field.path));
BEGIN
    IF right(field.path, 2) <> '.*' OR key ~ '^[A-Za-z0-9_-]+$' THEN
        RETURN path;
    ELSIF key ~ '^"[A-Za-z0-9_-]+"$' THEN
        RETURN stem || btrim(key, '"');
    ELSIF key ~ '^"([^"\\]|\\["\\])+"$' THEN
        RETURN path;
    ELSIF key ~ '^[^."\\,*[:space:]]+$' THEN
        RETURN stem || '"' || key || '"';
    END IF;
    RAISE EXCEPTION 'the path "%" is malformed after "%"', left(path, 80), stem USING ERRCODE = 'SY003',
        HINT = format('such as %sUS; a key with dots, commas or blanks is quoted: %s"a.b"', stem, stem);
END $$;

CREATE FUNCTION syncd.cut(written text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN length(written) > 40 THEN left(written, 37) || '...' ELSE written END;

-- An amount of money or another number: canonical, within the field's range.
CREATE FUNCTION syncd.checked_number(field syncd.fields, path text, written text) RETURNS text
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    shown   text := syncd.cut(written);
    what    text := CASE field.kind WHEN 'amount' THEN 'an amount' WHEN 'count' THEN 'a whole number'
                                    ELSE 'a number' END;
    example text := CASE field.kind WHEN 'amount' THEN '120.50' WHEN 'count' THEN '10' ELSE '0.25' END;
    scale   integer := CASE field.kind WHEN 'count' THEN 0 ELSE field.scale END;
    lowest  text := CASE WHEN field.is_above_least THEN 'more than ' ELSE 'at least ' END || trim_scale(field.least);
BEGIN
    IF written ~ '^-[0-9]' AND coalesce(field.least, 0) >= 0 THEN
        RAISE EXCEPTION '%: "%" is negative; %', path, shown,
            CASE field.kind WHEN 'amount' THEN 'a budget is zero or more'
                            ELSE coalesce('it is ' || lowest, 'it is zero or more') END
            USING ERRCODE = 'SY004', HINT = format('give %s such as %s', what, example);
    ELSIF written !~ '^-?[0-9]{1,14}(\.[0-9]{1,100})?$' THEN
        RAISE EXCEPTION '%: "%" is not %', path, shown, what USING ERRCODE = 'SY004', HINT =
            format('write digits with one point and no grouping, at most 14 before the point, such as %s', example);
    ELSIF written::numeric <> round(written::numeric, scale) THEN
        RAISE EXCEPTION '%: "%" has more than % decimals', path, shown, scale
            USING ERRCODE = 'SY004', HINT = format('%s keeps %s decimals of it', field.provider, scale);
    ELSIF written::numeric < field.least OR (field.is_above_least AND written::numeric = field.least) THEN
        RAISE EXCEPTION '%: % is too small', path, shown
            USING ERRCODE = 'SY004', HINT = format('%s takes %s', field.provider, lowest);
    END IF;
    RETURN trim_scale(written::numeric)::text;
END $$;

CREATE FUNCTION syncd.checked_word(path text, written text, words text[]) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF written <> ALL (words) THEN
        RAISE EXCEPTION '%: "%" is not one of its values', path, syncd.cut(written)
            USING ERRCODE = 'SY004', HINT = 'give one of: ' || array_to_string(words, ', ');
    END IF;
    RETURN written;
END $$;

-- A required text is never blank; `least` and `longest` count characters.
CREATE FUNCTION syncd.checked_text(field syncd.fields, path text, written text) RETURNS text
    LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF (field.is_required OR field.least > 0) AND written ~ '^\s*$' THEN
        RAISE EXCEPTION '%: it cannot be empty', path USING ERRCODE = 'SY004', HINT = 'give a text';
    ELSIF char_length(written) < field.least THEN
        RAISE EXCEPTION '%: the text has % characters, too few', path, char_length(written)
            USING ERRCODE = 'SY004', HINT = format('%s takes at least %s', field.provider, trim_scale(field.least));
    ELSIF char_length(written) > field.longest THEN
        RAISE EXCEPTION '%: the text has % characters, too many', path, char_length(written)
            USING ERRCODE = 'SY004', HINT = format('%s takes at most %s', field.provider, field.longest);
    END IF;
    RETURN written;
END $$;

-- JSON given as itself, or as a text that holds it.
CREATE FUNCTION syncd.checked_json(path text, value jsonb) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN CASE jsonb_typeof(value) WHEN 'string' THEN (value #>> '{}')::jsonb ELSE value END::text;
EXCEPTION WHEN data_exception OR statement_too_complex THEN
    RAISE EXCEPTION '%: the text is not JSON', path
        USING ERRCODE = 'SY004', HINT = 'give JSON, such as {"a": 1}, or the same as a text';
END $$;

-- One wanted value in its canonical form. Null only where the field takes it.
DROP FUNCTION syncd.checked_value(syncd.accounts, text, jsonb);
CREATE FUNCTION syncd.checked_value(field syncd.fields, path text, value jsonb) RETURNS text
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    written text := value #>> '{}';
    example text := CASE field.kind WHEN 'amount' THEN '120.50' WHEN 'count' THEN '10' WHEN 'number' THEN '0.25'
                    WHEN 'status' THEN 'paused' WHEN 'flag' THEN 'true' WHEN 'choice' THEN field.choices[1]
                    WHEN 'json' THEN '{"a": 1}' ELSE 'a text' END;
BEGIN
    IF value = 'null' THEN
        IF field.is_nullable THEN
            RETURN NULL;
        END IF;
        RAISE EXCEPTION '%: null is not accepted', path
            USING ERRCODE = 'SY004', HINT = 'give a value, such as ' || example;
    ELSIF field.kind = 'json' THEN
        RETURN syncd.checked_json(path, value);
    ELSIF jsonb_typeof(value) NOT IN ('string', 'number') AND NOT (field.kind = 'flag' AND value = 'true') THEN
        RAISE EXCEPTION '%: % is not a value', path, syncd.cut(written)
            USING ERRCODE = 'SY004', HINT =
                CASE field.kind WHEN 'flag' THEN 'give true' ELSE 'give one text or number' END;
    ELSIF field.kind = 'amount' AND written = 'unlimited' AND path LIKE 'budget.%' THEN
        RETURN written; -- whether it may be is a question to the whole patch
    END IF;
    RETURN CASE field.kind
        WHEN 'amount' THEN syncd.checked_number(field, path, written)
        WHEN 'number' THEN syncd.checked_number(field, path, written)
        WHEN 'count' THEN syncd.checked_number(field, path, written)
        WHEN 'status' THEN syncd.checked_word(path, written, '{active,paused}')
        WHEN 'choice' THEN syncd.checked_word(path, written, field.choices)
        WHEN 'flag' THEN syncd.checked_word(path, written, '{true}')
        ELSE syncd.checked_text(field, path, written) END;
END $$;

-- The leave that a value needs: of a status only `active`, of a path that may be null only null.
CREATE FUNCTION syncd.guard_of(field syncd.fields, value text) RETURNS text LANGUAGE sql IMMUTABLE
    RETURN CASE WHEN field.kind = 'status' THEN CASE WHEN value = 'active' THEN field.guard END
                WHEN field.is_nullable THEN CASE WHEN value IS NULL THEN field.guard END
                ELSE field.guard END;

-- A limit may be lifted only where the same patch sets another budget, as a change of the period does.
CREATE FUNCTION syncd.check_unlimited(patch jsonb) RETURNS void LANGUAGE plpgsql STABLE AS $$
DECLARE
    lifted text := (SELECT min(p.key) FROM jsonb_each_text(patch) p
                     WHERE p.value = 'unlimited' AND p.key LIKE 'budget.%');
BEGIN
    IF lifted IS NOT NULL AND NOT EXISTS (
        SELECT FROM jsonb_each_text(patch) p WHERE p.key LIKE 'budget.%' AND p.value ~ '^[0-9]') THEN
        RAISE EXCEPTION '%: "unlimited" is not accepted', lifted USING ERRCODE = 'SY004', HINT =
            'lift a limit in the provider''s own interface; give an amount here, or for another budget of the same patch';
    END IF;
END $$;

-- What the account's configuration forbids: amounts above its largest, and guarded changes without leave.
CREATE FUNCTION syncd.check_allowed(account syncd.accounts, field syncd.fields, path text, value text) RETURNS void
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    guard text := syncd.guard_of(field, value);
BEGIN
    IF field.kind = 'amount' AND value <> 'unlimited' AND value::numeric > account.max_amount THEN
        RAISE EXCEPTION '%: % is above this account''s largest amount, %', path, value, trim_scale(account.max_amount)
            USING ERRCODE = 'SY005', HINT = format('guard.max_amount of account %s allows at most %s', account.name,
                                                   trim_scale(account.max_amount));
    ELSIF guard IS NOT NULL AND guard <> ALL (account.free_guards) THEN
        RAISE EXCEPTION '% = % needs guard.% = "free" in account %', path, coalesce(value, 'null'), guard, account.name
            USING ERRCODE = 'SY005', HINT = format('write guard = { %s = "free" } under account %s in the configuration',
                                                   guard, account.name);
    END IF;
END $$;
