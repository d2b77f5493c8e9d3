"""Spines in Spanish."""

SPINES: dict[str, tuple[tuple[str, ...], ...]] = {
    "opening": (
        (
            "Una mañana clara, {hero} se despertó pensando en una sola cosa: \u00ab{wish}\u00bb.",
            "Junto a la ventana había un pequeño mapa azul que el día anterior no estaba allí.",
            "Un erizo redondito llamado Pim se asomó detrás de la cortina y dijo hola.",
            "Los dos siguieron la línea del mapa, más allá del viejo pozo y del manzano.",
            "Detrás del manzano oyeron una música suave y vieron una puertecita dorada.",
        ),
    ),
    "middle": (
        (
            "Esto es lo que {hero} había decidido: \u00ab{choice}\u00bb.",
            "Todo empezó bien, y los amigos sintieron mucha curiosidad.",
            "Por el camino conocieron a Tilly, una caracola que llevaba una carta.",
            "La carta decía: quien ayude hoy a un amigo encontrará algo maravilloso.",
            "Entonces sopló un viento cálido y una llavecita de plata cayó sobre la hierba.",
        ),
    ),
    "ending": (
        (
            "A {hero} solo le quedaba una cosa por hacer ese día: \u00ab{choice}\u00bb.",
            "Salió bien, mejor de lo que nadie esperaba.",
            "Todos los amigos se juntaron, aplaudieron y cantaron una canción.",
            "Después el cielo se puso rosa y llegó la hora de volver a casa.",
            (
                "En la cama, {hero} pensó en sus nuevos amigos, sonrió y se durmió. "
                "Y colorín, colorado, este cuento se ha acabado."
            ),
        ),
    ),
}

CHOICES: dict[str, tuple[tuple[tuple[str, str], ...], ...]] = {
    "opening": (
        (
            ("Pasar por la puertecita dorada", "La música suena a fiesta."),
            ("Mirar otra vez el mapa", "Quizá haya otra línea."),
            ("Preguntar a Pim qué hay detrás", "Los erizos conocen todos los jardines."),
        ),
    ),
    "middle": (
        (
            ("Probar la llave en el viejo árbol", "Hay una cerradura diminuta en la corteza."),
            ("Ayudar a Tilly a llevar la carta", "Una caracola es lenta y el día es largo."),
            ("Seguir el viento cálido", "Huele a canela y a estrellas."),
        ),
    ),
}
