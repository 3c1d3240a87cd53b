"""Rules the database keeps by itself. TRUNCATE is left to the tables' owner: transactional tests use it."""

from django.db import migrations

PRICES = """
CREATE FUNCTION conway_prices_are_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'prices are immutable; add a price that starts later' USING ERRCODE = '23514';
END $$;
CREATE TRIGGER prices_are_immutable BEFORE UPDATE OR DELETE ON inference_price
  FOR EACH ROW EXECUTE FUNCTION conway_prices_are_immutable();

CREATE FUNCTION conway_prices_are_announced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.starts_at < clock_timestamp() + interval '60 seconds'
     AND EXISTS (SELECT 1 FROM inference_price WHERE model_id = NEW.model_id) THEN
    RAISE EXCEPTION 'a price starts at least 60 seconds ahead, so that every process knows it by then' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER prices_are_announced BEFORE INSERT ON inference_price
  FOR EACH ROW EXECUTE FUNCTION conway_prices_are_announced();
"""

COMPLETIONS = """
CREATE FUNCTION conway_completions_are_settled_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.settlement IN ('lost', 'none') THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'a settled completion stays as it is' USING ERRCODE = '23514';
END $$;
CREATE TRIGGER completions_are_settled_once BEFORE UPDATE OR DELETE ON inference_completion
  FOR EACH ROW EXECUTE FUNCTION conway_completions_are_settled_once();
"""

DROP = """
DROP TRIGGER prices_are_immutable ON inference_price; DROP FUNCTION conway_prices_are_immutable;
DROP TRIGGER prices_are_announced ON inference_price; DROP FUNCTION conway_prices_are_announced;
DROP TRIGGER completions_are_settled_once ON inference_completion; DROP FUNCTION conway_completions_are_settled_once;
"""


class Migration(migrations.Migration):
    dependencies = [("inference", "0001_start")]
    operations = [migrations.RunSQL(PRICES + COMPLETIONS, DROP)]
