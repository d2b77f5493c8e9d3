"""Spines in English."""

SPINES: dict[str, tuple[tuple[str, ...], ...]] = {
    "opening": (
        (
            "One bright morning, {hero} woke up and thought of just one thing: \u201c{wish}\u201d.",
            "Beside the window lay a small blue map that had not been there the day before.",
            "A round little hedgehog called Pim peeped out from behind the curtain and said hello.",
            "Together they followed the line on the map, past the old well and the apple tree.",
            "Behind the apple tree they heard soft music, and saw a tiny golden gate.",
        ),
        (
            "It was a quiet afternoon, and {hero} was dreaming about \u201c{wish}\u201d.",
            "Then something went tap, tap, tap against the door.",
            "Outside stood a small owl called Olli with a lantern under one wing.",
            "Olli had lost the way home, and {hero} offered to help at once.",
            "At the edge of the meadow the path split in two, and both ways looked lovely.",
        ),
    ),
    "middle": (
        (
            "So this is what {hero} had decided: \u201c{choice}\u201d.",
            "It began well, and the friends felt brave and curious.",
            "On the way they met a snail called Tilly, who carried a letter on her back.",
            "The letter said: whoever helps a friend today will find something wonderful.",
            "Just then a warm wind blew, and a little silver key fell onto the grass.",
        ),
        (
            "{hero} took a deep breath, for now it was time: \u201c{choice}\u201d.",
            "At first it was a bit wobbly, and everybody had to laugh.",
            "A family of mice came to watch and brought a basket of warm bread.",
            "They ate and talked, and soon they had a very good idea.",
            "But when they stood up, they saw a light blinking on top of the hill.",
        ),
    ),
    "ending": (
        (
            "This was the last thing {hero} wanted to do that day: \u201c{choice}\u201d.",
            "It worked, better than anyone had hoped.",
            "All the friends came together, clapped their hands and sang a song.",
            "Then the sky turned pink, and it was time to go home.",
            (
                "In bed, {hero} thought of all the new friends, smiled, and fell fast asleep. "
                "And that is the end of this story."
            ),
        ),
    ),
}

CHOICES: dict[str, tuple[tuple[tuple[str, str], ...], ...]] = {
    "opening": (
        (
            ("Go through the golden gate", "The music sounds like a party."),
            ("Look at the map once more", "There may be another line on it."),
            ("Ask Pim what is behind the gate", "Hedgehogs know every garden."),
        ),
        (
            ("Take the path with the fireflies", "They light the way for Olli."),
            ("Take the path along the stream", "Somebody is humming there."),
            ("Let Olli fly up and look", "From above the world looks different."),
        ),
    ),
    "middle": (
        (
            ("Try the silver key in the old tree", "There is a tiny keyhole in the bark."),
            ("Help Tilly bring her letter home", "A snail is slow, and the day is long."),
            ("Follow the warm wind", "It smells of cinnamon and stars."),
        ),
        (
            ("Climb up to the blinking light", "It blinks three times, like a hello."),
            ("Blink back with a lantern", "Who will answer?"),
            ("Ask the mice who lives up there", "Mice hear all the news."),
        ),
    ),
}
