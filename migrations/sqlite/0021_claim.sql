-- Until then, whoever reads the mail of an address may find that they confirmed the account of a stranger, and take it from
-- them with all that the stranger put into it. Set where an address is confirmed for the first time by a mailed link or
-- code; absent where nothing is in doubt.
ALTER TABLE users ADD COLUMN doubted_until INTEGER;
